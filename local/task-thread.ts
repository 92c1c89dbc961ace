import { Worker } from 'node:worker_threads'

/** Where a program of a thread lies. */
export interface ThreadProgram {
  readonly file: URL
  /** Names the thread in errors: `the thread that judges`. */
  readonly name: string
  /** Memory that it may have for objects; bytes are beside that. */
  readonly heapMb?: number
}

/** What a thread is asked, and what it needs for that. */
export interface ThreadTask<Task, Data> {
  readonly task: Task
  /** What it is started with; with other data than before it is started again. */
  readonly data: Data
  readonly moved?: readonly ArrayBuffer[]
  /** Ends the thread after the answer, to give memory back. */
  readonly isLast?: boolean
}

/** A thread that does one task at a time; it starts when it is first needed, and again after it died. */
export class TaskThread<Task, Reply, Data> {
  private readonly program: ThreadProgram
  private worker: { readonly thread: Worker; readonly data: Data } | undefined
  private last: Promise<unknown> = Promise.resolve()
  private closed = false

  constructor(program: ThreadProgram) {
    this.program = program
  }

  /** Waits for its turn, and only then has the task made, which may take memory; rejects where the thread dies of the task, or is closed. */
  ask(task: () => ThreadTask<Task, Data>): Promise<Reply> {
    const reply = this.last.then(() => this.askNow(task))
    this.last = reply.catch(() => {})
    return reply
  }

  /** Ends the thread; what it has not done yet rejects. */
  async close(): Promise<void> {
    this.closed = true
    await this.worker?.thread.terminate()
    await this.last
  }

  private async askNow(make: () => ThreadTask<Task, Data>): Promise<Reply> {
    if (this.closed) throw new Error(`${this.program.name} is closed`)
    const { task, data, moved = [], isLast = false } = make()
    const thread = await this.started(data)
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const died = (cause: unknown) => {
      if (this.worker?.thread === thread) this.worker = undefined
      reject(cause instanceof Error ? cause : new Error(`${this.program.name} ended with ${cause}`))
    }
    thread.on('message', resolve).once('error', died).once('exit', died)
    try {
      thread.postMessage(task, moved)
      return await promise
    } finally {
      // One by one: without its own listeners, which removeAllListeners takes along, a worker delivers nothing more.
      thread.off('message', resolve).off('error', died).off('exit', died)
      if (isLast) await thread.terminate()
    }
  }

  private async started(data: Data): Promise<Worker> {
    if (this.worker !== undefined && this.worker.data !== data) await this.worker.thread.terminate()
    if (this.worker !== undefined) return this.worker.thread
    const { file, heapMb } = this.program
    const limits =
      heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 8 } }
    const thread = new Worker(file, { workerData: data, ...limits })
    thread.on('error', () => {})
    thread.once('exit', () => {
      if (this.worker?.thread === thread) this.worker = undefined
    })
    this.worker = { thread, data }
    return thread
  }
}

/** A program that lies beside the file of the URL; the sources run as they are, the package is compiled. */
export function programBeside(url: string, name: string): URL {
  return new URL(`./${name}${url.slice(url.lastIndexOf('.'))}`, url)
}
