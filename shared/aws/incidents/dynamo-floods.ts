import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { MAX_FLOOD_NAMED } from '../../incidents/flood.ts'
import type { Clock } from '../../pipeline/ports.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import { asked } from '../aws-failure.ts'
import { expiry, type Item } from '../buffer/buffer-items.ts'
import { type DynamoTable, updateItem } from '../dynamo-requests.ts'
import { incidentItemKey, MEMBER_DAYS } from './incident-items.ts'

/** What a receiver was notified of one by one, and its flood. */
export interface FloodState {
  /** When each of the last openings was begun to be notified alone, by incident and episode. */
  readonly alone: Readonly<Record<string, number>>
  /** Floods so far, the one that goes on among them; 0 before the first. */
  readonly episode: number
  /** When the last flood began. */
  readonly fromMs: number
  /** Keys of the first incidents of the last flood, and how many it has. */
  readonly keys: readonly string[]
  readonly count: number
}

const NONE: FloodState = { alone: {}, episode: 0, fromMs: 0, keys: [], count: 0 }
/** Several functions that notify one receiver write its item; each is done in a few milliseconds. */
const MAX_TRIES = 20

/** Counts, by receiver, what was notified one by one; beyond a bound incidents are part of a flood. One item a receiver. */
export class DynamoFloods {
  private readonly table: DynamoTable
  private readonly clock: Clock

  constructor(table: DynamoTable, clock: Clock) {
    this.table = table
    this.clock = clock
  }

  async read(receiver: string): Promise<FloodState> {
    return (await this.stored(receiver)).state
  }

  /**
   * Takes one of the places for openings that are notified alone, unless all are taken since a time; returns how many others
   * were. The same opening has one place, however often it is asked for.
   */
  async takePlace(receiver: string, opening: string, sinceMs: number, places: number): Promise<number> {
    let others = 0
    await this.change(receiver, (state) => {
      const recent = Object.entries(state.alone).filter(([name, ms]) => name !== opening && ms >= sinceMs)
      others = recent.length
      if (others >= places) return undefined
      return { ...state, alone: Object.fromEntries([...recent, [opening, this.clock()]]) }
    })
    return others
  }

  /** Makes an incident part of the flood of a receiver, or of a new one where the last is over. */
  add(receiver: string, key: string, isOver: (episode: number) => Promise<boolean>): Promise<FloodState> {
    return this.change(receiver, async (state) => {
      if (state.episode === 0 || (await isOver(state.episode))) {
        return { ...state, episode: state.episode + 1, fromMs: this.clock(), keys: [key], count: 1 }
      }
      if (state.keys.includes(key)) return undefined
      const keys = [...state.keys, key].slice(0, MAX_FLOOD_NAMED)
      return { ...state, keys, count: state.count + 1 }
    })
  }

  private async change(
    receiver: string,
    changed: (state: FloodState) => FloodState | undefined | Promise<FloodState | undefined>,
  ): Promise<FloodState> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { state, version } = await this.stored(receiver)
      const next = await changed(state)
      if (next === undefined) return state
      const { refused } = await updateItem(this.table, floodItemKey(receiver), {
        set: {
          j: { S: JSON.stringify(next) },
          v: { N: String(version + 1) },
          x: expiry(this.clock(), MEMBER_DAYS),
        },
        condition: version === 0 ? 'attribute_not_exists(#v)' : '#v = :before',
        ...(version > 0 && { values: { ':before': { N: String(version) } } }),
      })
      if (refused === undefined) return next
    }
    throw new StorageError('unavailable', 'the floods of a receiver are written by too many at once')
  }

  private async stored(receiver: string): Promise<{ readonly state: FloodState; readonly version: number }> {
    const get = new GetItemCommand({ TableName: this.table.name, Key: floodItemKey(receiver), ConsistentRead: true })
    const { Item } = await asked('read the floods of a receiver', this.table.client.send(get))
    const state = Item?.j?.S === undefined ? NONE : (JSON.parse(Item.j.S) as FloodState)
    return { state, version: Number(Item?.v?.N ?? 0) }
  }
}

function floodItemKey(receiver: string): Item {
  return incidentItemKey(`f#${receiver}`)
}
