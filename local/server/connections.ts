import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Log } from '../../shared/pipeline/ports.ts'
import { addressName } from '../fairness/sender-name.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { ConnectionPlaces, type NoPlace, type PlacesLeft } from './connection-places.ts'
import { CUT_MESSAGES, CUT_REASONS, type CutReason } from './connection-reasons.ts'
import { RUNBOOK } from './runbook.ts'
import { isLoopback } from './web-pages.ts'

const MAX_PER_OTHER_MACHINE = 2_000
/** Of the idle or busy connections, those that have been so for longest: slow senders soon are among them. */
const LOOKED_AT = 10

interface Connection {
  readonly socket: Socket
  readonly block: string
  readonly maxOfBlock: number
  readonly openedMs: number
  place: 'own' | 'reserve' | 'gone'
  current: Current | undefined
  /** Bytes that had come when the last request was answered. */
  bytesBefore: number
  readonly waiting: (() => void)[]
}

/** The request that is being served. */
interface Current {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly startedMs: number
}

/** How many connections there are at this moment, and how many were refused or cut off since the start. */
export interface ConnectionState {
  readonly idle: number
  readonly busy: number
  readonly reserved: number
  readonly max: number
  readonly cuts: ReadonlyMap<CutReason, number>
}

/**
 * The connections of a server: which have a place, and which one makes room for a new one. On each connection one
 * request is served at a time, and the next when the answer is on its way.
 */
export class Connections {
  private readonly limits: ConnectionLimits
  private readonly log: Log
  private readonly stopwatch: () => number
  private readonly known = new WeakMap<Socket, Connection>()
  private readonly places: ConnectionPlaces<Connection>
  private readonly reserve = new Set<Connection>()
  private readonly cuts = new Map<CutReason, number>(CUT_REASONS.map((reason) => [reason, 0]))

  /** `log` is to write a message that repeats only once in a while. */
  constructor(limits: ConnectionLimits, log: Log, stopwatch: () => number = () => performance.now()) {
    this.limits = limits
    this.log = log
    this.stopwatch = stopwatch
    this.places = new ConnectionPlaces(limits.maxConnections)
  }

  state(): ConnectionState {
    const { places, reserve, limits, cuts } = this
    return { idle: places.idle, busy: places.busy, reserved: reserve.size, max: limits.maxConnections, cuts }
  }

  /** Gives a new connection a place, or where none is left, one in the reserve. */
  accept(socket: Socket): void {
    const { remoteAddress: address = '' } = socket
    const connection: Connection = {
      socket,
      block: addressName(address),
      maxOfBlock: this.limits.maxPerAddress ?? (isLoopback(address) ? Infinity : MAX_PER_OTHER_MACHINE),
      openedMs: this.stopwatch(),
      place: 'reserve',
      current: undefined,
      bytesBefore: 0,
      waiting: [],
    }
    this.known.set(socket, connection)
    socket.once('close', () => this.remove(connection))
    if (this.enter(connection) !== undefined) this.keepInReserve(connection)
  }

  /**
   * Has a request served once those before it on its connection are answered. `serve` is given the reason why the
   * connection has no place, if so; it is then to answer this one request, end the connection, and count a refusal.
   */
  take(request: IncomingMessage, response: ServerResponse, serve: (noPlace: NoPlace | undefined) => void): void {
    const connection = this.known.get(request.socket)
    // The parser goes on to the end of the bytes that have come, also when the connection was cut off.
    if (connection === undefined || connection.place === 'gone') return
    const start = () => {
      connection.current = { request, response, startedMs: this.stopwatch() }
      response.once('close', () => this.finish(connection))
      const begin = (noPlace: NoPlace | undefined) => {
        if (noPlace === undefined) this.places.move(connection, 'busy')
        serve(noPlace)
      }
      const noPlace = this.enter(connection)
      if (noPlace === undefined || this.places.idle === 0) return begin(noPlace)
      // Those that are too new to make room will be old enough, or busy.
      setTimeout(() => connection.socket.destroyed || begin(this.enter(connection)), this.limits.newForMs)
    }
    if (connection.current === undefined) start()
    else if (connection.waiting.length < this.limits.maxPipelined) connection.waiting.push(start)
    else this.cut(connection, 'pipelined')
  }

  /** The answer to the request that is being served on a connection, if one is. */
  answerOn(socket: Socket): ServerResponse | undefined {
    return this.known.get(socket)?.current?.response
  }

  /** Ends a connection on which nothing moved for long; it is counted if a request was under way. */
  timeOut(socket: Socket): void {
    if (this.known.get(socket)?.current !== undefined) this.count('slow', socket)
    socket.destroy()
  }

  /** Counts a connection that is refused or cut off, and says in the log what to do. */
  count(reason: CutReason, socket?: Socket): void {
    this.cuts.set(reason, (this.cuts.get(reason) ?? 0) + 1)
    const message = CUT_MESSAGES[reason]
    if (message === undefined) return
    const from = socket?.remoteAddress
    this.log('warn', `${message} (${RUNBOOK.connections})`, from === undefined ? {} : { from })
  }

  private enter(connection: Connection): NoPlace | undefined {
    if (connection.place === 'own') return undefined
    const noPlace = this.places.enter(connection, (room) => this.makeRoom(room))
    if (noPlace !== undefined) return noPlace
    this.reserve.delete(connection)
    connection.place = 'own'
    return undefined
  }

  /** Cuts off the connection that can best be done without, if there is one. */
  private makeRoom({ idle, busy }: PlacesLeft<Connection>): boolean {
    const unused = firstOf(idle, LOOKED_AT).find((connection) => !this.isNew(connection))
    const spared = unused ?? firstOf(busy, LOOKED_AT).find((connection) => this.isSlow(connection))
    if (spared === undefined) return false
    this.cut(spared, unused === undefined ? 'slow' : 'idle')
    return true
  }

  private isNew({ openedMs, bytesBefore }: Connection): boolean {
    return bytesBefore === 0 && this.stopwatch() - openedMs < this.limits.newForMs
  }

  private isSlow({ socket, current, bytesBefore }: Connection): boolean {
    if (current === undefined) return false
    const { request, response, startedMs } = current
    const ms = this.stopwatch() - startedMs
    if (ms <= this.limits.slowAfterMs) return false
    // All of the answer was written, and the client does not read it.
    if (response.writableEnded) return true
    return !request.complete && socket.bytesRead - bytesBefore < (ms / 1000) * this.limits.minBodyBytesPerSecond
  }

  /** The reserve must never be full for long: whoever has sent no whole request there makes room for the next. */
  private keepInReserve(connection: Connection): void {
    this.reserve.add(connection)
    if (this.reserve.size <= this.limits.reserved) return
    const unasked = [...this.reserve].find(({ current }) => current?.request.complete !== true)
    this.cut(unasked ?? connection, 'dropped')
  }

  private finish(connection: Connection): void {
    connection.current = undefined
    connection.bytesBefore = connection.socket.bytesRead
    if (connection.socket.destroyed) return
    if (connection.place === 'own') this.places.move(connection, 'idle')
    connection.waiting.shift()?.()
  }

  private cut(connection: Connection, reason: CutReason): void {
    this.count(reason, connection.socket)
    this.remove(connection)
    connection.socket.destroy()
  }

  private remove(connection: Connection): void {
    connection.place = 'gone'
    connection.waiting.length = 0
    this.reserve.delete(connection)
    this.places.leave(connection)
  }
}

function firstOf<T>(items: Iterable<T>, count: number): readonly T[] {
  const first: T[] = []
  for (const item of items) {
    if (first.length === count) break
    first.push(item)
  }
  return first
}
