import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { inParallel } from '../../concurrency/in-parallel.ts'
import { type ConditionFacts, MINUTE_MS, type RuleMinute, startOfMinute } from '../../incidents/alert-condition.ts'
import type { MinuteOfRule } from '../../incidents/exercise-tally.ts'
import { type IncidentHead, type IncidentMember, isOpen, type StoredIncident } from '../../incidents/incident.ts'
import {
  type ExerciseCounts,
  type LiveMembers,
  MAX_COUNTED,
  type MemberState,
  type SlowSteps,
} from '../../incidents/store-steps.ts'
import type { Clock } from '../../pipeline/ports.ts'
import type { AlertCondition } from '../../rules/ast.ts'
import { asked } from '../aws-failure.ts'
import { expiry, type Item } from '../buffer/buffer-items.ts'
import { allPages, type DynamoTable, updateItem } from '../dynamo-requests.ts'
import {
  AFTER_TIMES,
  ENDED_DAYS,
  EXERCISE_DAYS,
  exercisePartition,
  HEAD_INDEXED,
  headIn,
  headIndex,
  headItemKey,
  incidentItemKey,
  incidentKeyIn,
  MEMBER_DAYS,
  memberIn,
  memberItemKey,
  memberPartitions,
  OPEN_INDEX,
  ruleHash,
  sortableMs,
  WORK,
} from './incident-items.ts'

const WIDTH = 8
const SERVICE_CHARACTERS = 200

/** Incidents in DynamoDB. Every step is one write of one item, or strongly consistent reads. */
export class DynamoIncidents implements SlowSteps {
  private readonly table: DynamoTable
  private readonly clock: Clock

  constructor(table: DynamoTable, clock: Clock) {
    this.table = table
    this.clock = clock
  }

  async putMember(key: string, member: IncidentMember): Promise<MemberState | undefined> {
    const { signalId, firedAtMs, traceId, service } = member
    const itemKey = memberItemKey(key, signalId, firedAtMs)
    const { refused } = await updateItem(this.table, itemKey, {
      set: {
        t: { S: traceId },
        s: { S: service.slice(0, SERVICE_CHARACTERS).toWellFormed() },
        x: expiry(this.clock(), MEMBER_DAYS),
      },
      condition: 'attribute_not_exists(#x)',
    })
    if (refused === undefined) return undefined
    // DynamoDB says what is there when it refuses; what only speaks like DynamoDB may not.
    const before = refused.x === undefined ? await this.read(itemKey) : refused
    return { retracted: before?.r !== undefined }
  }

  async retractMember(key: string, signalId: string, firedAtMs: number): Promise<boolean> {
    const { refused } = await updateItem(this.table, memberItemKey(key, signalId, firedAtMs), {
      set: { r: { N: '1' } },
      condition: 'attribute_exists(#x)',
      names: { '#x': 'x' },
    })
    return refused === undefined
  }

  async readHead(key: string): Promise<IncidentHead | undefined> {
    return headIn(await this.read(headItemKey(key)))
  }

  async writeHead(key: string, head: IncidentHead): Promise<boolean> {
    const { version } = head
    const stays = isOpen(head)
    const indexed = headIndex(head)
    const { refused } = await updateItem(this.table, headItemKey(key), {
      set: {
        j: { S: JSON.stringify(head) },
        v: { N: String(version) },
        ...indexed,
        ...(!stays && { x: expiry(this.clock(), ENDED_DAYS) }),
      },
      remove: [...(stays ? ['x'] : []), ...HEAD_INDEXED.filter((name) => indexed[name] === undefined)],
      condition: version === 1 ? 'attribute_not_exists(#v)' : '#v = :before',
      ...(version > 1 && { values: { ':before': { N: String(version - 1) } } }),
    })
    return refused === undefined
  }

  /** Has the dispatcher look at an incident that did not change: any change of the item goes through the stream. */
  async touch(key: string): Promise<void> {
    await updateItem(this.table, headItemKey(key), {
      set: { u: { N: String(this.clock()) } },
      condition: 'attribute_exists(#v)',
      names: { '#v': 'v' },
    })
  }

  async liveMembers(key: string, fromMs: number): Promise<LiveMembers> {
    const [newest, ...others] = newestByTrace(await this.members(key, fromMs, MAX_COUNTED))
    return newest === undefined ? { count: 0 } : { count: 1 + others.length, newestMs: newest.firedAtMs }
  }

  /** Live members from a time on, the newest first. */
  async latest(key: string, fromMs: number, limit: number): Promise<readonly IncidentMember[]> {
    return (await this.members(key, fromMs, limit)).slice(0, limit)
  }

  async facts(key: string, rule: string, alert: AlertCondition, fromMs: number): Promise<ConditionFacts> {
    const members = newestByTrace(await this.members(key, fromMs, MAX_COUNTED))
    if (alert.kind !== 'share') return { firedMs: members.map(({ firedAtMs }) => firedAtMs), minutes: [] }
    const minutes = new Map<number, RuleMinute>()
    const firstMs = Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS
    for (const { minuteMs, exercised } of await this.minutes(rule, firstMs)) {
      minutes.set(minuteMs, { minuteMs, exercised, broken: 0 })
    }
    for (const { firedAtMs } of members) {
      const minuteMs = startOfMinute(firedAtMs)
      const { exercised = 0, broken = 0 } = minutes.get(minuteMs) ?? {}
      if (minuteMs >= firstMs) minutes.set(minuteMs, { minuteMs, exercised, broken: broken + 1 })
    }
    return { firedMs: [], minutes: [...minutes.values()] }
  }

  async exercise(rule: string, sinceMs: number): Promise<ExerciseCounts> {
    const minutes = await this.minutes(rule, sinceMs + 1)
    const lastMs = minutes.at(-1)?.minuteMs
    return {
      exercised: minutes.reduce((sum, { exercised }) => sum + exercised, 0),
      held: minutes.reduce((sum, { held }) => sum + held, 0),
      ...(lastMs !== undefined && { lastMs }),
    }
  }

  async openGroups(rule: string): Promise<number> {
    return (await this.indexed(WORK.open, { rule })).length
  }

  /** Keys and versions of open incidents; may be a little behind. */
  async open(): Promise<readonly { readonly key: string; readonly version: number }[]> {
    return (await this.indexed(WORK.open)).map((item) => ({ key: incidentKeyIn(item), version: Number(item.v?.N) }))
  }

  /** Other open incidents that opened on a trace; may be a little behind. */
  async openedBy(traceId: string, exceptKey: string, limit: number): Promise<readonly StoredIncident[]> {
    const found = (await this.indexed(WORK.open)).filter((item) => item.f?.S === traceId).map(incidentKeyIn)
    const keys = found.filter((key) => key !== exceptKey).slice(0, limit)
    const heads = await Promise.all(keys.map(async (key) => ({ key, head: await this.readHead(key) })))
    return heads.filter((each): each is StoredIncident => each.head !== undefined)
  }

  /** Hashes of the rules that have open incidents, each as often as it has; may be a little behind. */
  async openRules(): Promise<readonly string[]> {
    return (await this.indexed(WORK.open)).map(({ n }) => n?.S ?? '')
  }

  /** Adds to what is known of the exercise of rules; returns what could not be written. */
  async addExercise(minutes: readonly MinuteOfRule[]): Promise<readonly MinuteOfRule[]> {
    const left = await inParallel(minutes, WIDTH, async (minute) => {
      try {
        await this.addMinute(minute)
        return []
      } catch {
        return [minute]
      }
    })
    return left.flat()
  }

  private async addMinute({ rule, minuteMs, exercised, held }: MinuteOfRule): Promise<void> {
    const add = new UpdateItemCommand({
      TableName: this.table.name,
      Key: incidentItemKey(exercisePartition(rule), sortableMs(minuteMs)),
      UpdateExpression: 'SET #x = :x ADD #e :e, #h :h',
      ExpressionAttributeNames: { '#x': 'x', '#e': 'e', '#h': 'h' },
      ExpressionAttributeValues: {
        ':x': expiry(minuteMs, EXERCISE_DAYS),
        ':e': { N: String(exercised) },
        ':h': { N: String(held) },
      },
    })
    await asked('count exercised rules', this.table.client.send(add))
  }

  private async read(Key: Item): Promise<Item | undefined> {
    const get = new GetItemCommand({ TableName: this.table.name, Key, ConsistentRead: true })
    return (await asked('read an incident', this.table.client.send(get))).Item
  }

  /** Items of the index, which may be a little behind. */
  private async indexed(work: string, { rule }: { readonly rule?: string } = {}): Promise<readonly Item[]> {
    const found: Item[] = []
    const pages = allPages(this.table, {
      IndexName: OPEN_INDEX.name,
      KeyConditionExpression: rule === undefined ? 'o = :o' : 'o = :o AND n = :n',
      ExpressionAttributeValues: { ':o': { S: work }, ...(rule !== undefined && { ':n': { S: ruleHash(rule) } }) },
    })
    for await (const page of pages) found.push(...page)
    return found
  }

  /** The newest live members, those of all partitions together, the newest first; a little more than `most` perhaps. */
  private async members(key: string, fromMs: number, most: number): Promise<readonly IncidentMember[]> {
    const found: IncidentMember[] = []
    const read = async (partition: string) => {
      let count = 0
      const pages = allPages(this.table, {
        ConsistentRead: true,
        ScanIndexForward: false,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        FilterExpression: 'attribute_not_exists(r)',
        ProjectionExpression: 'sk, t, s',
        ExpressionAttributeValues: {
          ':pk': { S: partition },
          ':from': { S: sortableMs(fromMs) },
          ':to': { S: AFTER_TIMES },
        },
        ...(most < MAX_COUNTED && { Limit: 2 * most }),
      })
      for await (const page of pages) {
        found.push(...page.map(memberIn))
        count += page.length
        if (count >= most) return
      }
    }
    await inParallel(memberPartitions(key), WIDTH, read)
    return found.toSorted((a, b) => b.firedAtMs - a.firedAtMs).slice(0, most)
  }

  private async minutes(rule: string, fromMs: number): Promise<readonly Omit<MinuteOfRule, 'rule'>[]> {
    const found: Omit<MinuteOfRule, 'rule'>[] = []
    const pages = allPages(this.table, {
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: {
        ':pk': { S: exercisePartition(rule) },
        ':from': { S: sortableMs(fromMs) },
        ':to': { S: AFTER_TIMES },
      },
    })
    for await (const page of pages) {
      for (const { sk, e, h } of page) {
        found.push({ minuteMs: Number(sk?.S), exercised: Number(e?.N ?? 0), held: Number(h?.N ?? 0) })
      }
    }
    return found
  }
}

/** Of each trace the newest, in the order given. */
function newestByTrace(members: readonly IncidentMember[]): readonly IncidentMember[] {
  const traces = new Set<string>()
  return members.filter(({ traceId }) => !traces.has(traceId) && traces.add(traceId))
}
