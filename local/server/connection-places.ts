/** Why a connection has no place: all are taken, or its block of addresses has as many as one may have. */
export type NoPlace = 'full' | 'address'

/** Connections that have places. In each set the one that changed first is at the front. */
export interface PlacesLeft<T> {
  readonly idle: Set<T>
  readonly busy: Set<T>
}

/** ConnectionPlaces for connections, with a limit in all and one for each block of addresses. */
export class ConnectionPlaces<T extends { readonly block: string; readonly maxOfBlock: number }> {
  private readonly max: number
  private readonly all: PlacesLeft<T> = newRoom()
  private readonly blocks = new Map<string, PlacesLeft<T>>()

  constructor(max: number) {
    this.max = max
  }

  get idle(): number {
    return this.all.idle.size
  }

  get busy(): number {
    return this.all.busy.size
  }

  /** Gives a place to one that is idle; where none is left, `evict` may take one from those in the room. */
  enter(item: T, evict: (room: PlacesLeft<T>) => boolean): NoPlace | undefined {
    const own = this.blocks.get(item.block) ?? newRoom()
    if (size(own) >= item.maxOfBlock && !evict(own)) return 'address'
    if (size(this.all) >= this.max && !evict(this.all)) return 'full'
    // The last of its block may have been evicted.
    this.blocks.set(item.block, own)
    this.all.idle.add(item)
    own.idle.add(item)
    return undefined
  }

  /** Moves one that has a place to the end of the idle or of the busy. */
  move(item: T, to: 'idle' | 'busy'): void {
    for (const room of [this.all, this.blocks.get(item.block)]) {
      room?.idle.delete(item)
      room?.busy.delete(item)
      room?.[to].add(item)
    }
  }

  /** Takes the place back, if it has one. */
  leave(item: T): void {
    const own = this.blocks.get(item.block)
    for (const room of [this.all, own]) {
      room?.idle.delete(item)
      room?.busy.delete(item)
    }
    if (own !== undefined && size(own) === 0) this.blocks.delete(item.block)
  }
}

function newRoom<T>(): PlacesLeft<T> {
  return { idle: new Set(), busy: new Set() }
}

function size<T>({ idle, busy }: PlacesLeft<T>): number {
  return idle.size + busy.size
}
