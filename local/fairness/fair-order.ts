/** A flow that has work, or owes some rounds. */
interface Place {
  readonly flow: number
  /** In which round it goes next. */
  round: number
  /** Who goes first in a round: the one that got its place first. */
  number: number
  hasWork: boolean
}

/**
 * Takes pieces of several flows in rounds: each flow has one piece a round, and sits out further rounds for a piece that
 * costs more than `quantum`. A flow that gets work goes in the next round, after those that are in it already. So
 * each of the others goes at most once before the next piece of a flow whose pieces are small, whatever they queue.
 */
export class FairOrder {
  private readonly quantum: number
  private readonly places = new Map<number, Place>()
  /** Of the last piece. */
  private round = 0
  private given = 0

  constructor(quantum: number) {
    this.quantum = quantum
  }

  /** Takes pieces of all flows that have work now, one flow after another. */
  *take<Piece>(queues: ReadonlyMap<number, Iterator<Piece>>, costOf: (piece: Piece) => number): Generator<Piece> {
    this.seat(queues)
    const line = [...queues.keys()].map((flow) => this.places.get(flow) as Place).sort(inOrder)
    for (let place = line.shift(); place !== undefined; place = line.shift()) {
      const { value: piece, done } = (queues.get(place.flow) as Iterator<Piece>).next()
      if (done === true) {
        place.hasWork = false
        continue
      }
      this.round = place.round
      this.give(place, place.round + Math.max(1, Math.ceil(costOf(piece) / this.quantum)))
      const after = line.findLastIndex((other) => inOrder(other, place) < 0)
      line.splice(after + 1, 0, place)
      yield piece
    }
  }

  /** Gives a place to each flow that has work again; the others keep theirs only as long as they owe rounds. */
  private seat(queues: ReadonlyMap<number, unknown>): void {
    for (const [flow, place] of this.places) {
      if (queues.has(flow)) continue
      place.hasWork = false
      if (place.round <= this.round + 1) this.places.delete(flow)
    }
    for (const flow of queues.keys()) {
      const place = this.places.get(flow) ?? { flow, round: 0, number: 0, hasWork: false }
      if (!place.hasWork) this.give(place, Math.max(place.round, this.round + 1))
      place.hasWork = true
      this.places.set(flow, place)
    }
  }

  private give(place: Place, round: number): void {
    place.round = round
    place.number = this.given++
  }
}

function inOrder(a: Place, b: Place): number {
  return a.round - b.round || a.number - b.number
}
