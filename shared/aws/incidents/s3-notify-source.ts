import { GetObjectCommand, type GetObjectCommandOutput, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { type NotifyParts, type NotifyReading, readNotifyFile } from '../../incidents/notify/read-notify-file.ts'
import type { References } from '../../incidents/notify/references.ts'
import type { Clock, Log } from '../../pipeline/ports.ts'
import { asked } from '../aws-failure.ts'

/** The file of receivers in the bucket of rules. */
export const NOTIFY_KEY = 'notify.yaml'

/** Where the file of receivers lies. */
export interface NotifyBucket {
  readonly client: S3Client
  readonly name: string
}

interface NotifyFileObject {
  readonly text: string
  /** Differs after every change. */
  readonly etag: string
}

interface NotifyLoading {
  /** Makes references for one reading; undefined where nothing is looked up, since routes need no values. */
  readonly references: (() => References) | undefined
  readonly clock: Clock
  readonly log: Log
  /** Called where not all of the file can be used. */
  readonly onProblem: () => void
}

/** A change must hold within a minute. */
const REVALIDATE_MS = 30_000
/** Values are looked up again so often: a key that was replaced works by then. */
const VALUES_MS = 300_000
const LOGGED_PROBLEMS = 20

const NOBODY: NotifyParts = {
  receivers: new Map(),
  receiverNames: [],
  routes: [],
  mutes: [],
  traceLink: undefined,
}

interface Loaded {
  readonly etag: string
  readonly parts: NotifyParts
  readonly loadedMs: number
}

/** Who is notified of incidents according to the file in the bucket; nobody without a file. */
export class S3NotifySource {
  private readonly bucket: NotifyBucket
  private readonly loading: NotifyLoading
  private loaded: Loaded | undefined
  private freshUntilMs = 0
  private asking: Promise<Loaded> | undefined

  constructor(bucket: NotifyBucket, loading: NotifyLoading) {
    this.bucket = bucket
    this.loading = loading
  }

  /** What holds now: what was read last where S3 cannot be asked, and all that can be used where the file has problems. */
  async current(): Promise<NotifyParts> {
    return (await this.load()).parts
  }

  /** Differs after every change of the file. */
  async version(): Promise<string> {
    return (await this.load()).etag
  }

  private async load(): Promise<Loaded> {
    if (this.loaded !== undefined && this.loading.clock() < this.freshUntilMs) return this.loaded
    this.asking ??= this.revalidate().finally(() => {
      this.asking = undefined
    })
    return this.asking
  }

  private async revalidate(): Promise<Loaded> {
    const { clock, log, references } = this.loading
    const nowMs = clock()
    try {
      const object = await readNotifyObject(this.bucket)
      const isOld = references !== undefined && nowMs >= (this.loaded?.loadedMs ?? 0) + VALUES_MS
      const isKnown = this.loaded?.etag === (object?.etag ?? '')
      if (this.loaded === undefined || !isKnown || isOld) this.loaded = await this.read(object, nowMs)
      this.freshUntilMs = nowMs + REVALIDATE_MS
      return this.loaded
    } catch (failure) {
      if (this.loaded === undefined) throw failure
      log('error', 'the file of receivers cannot be read, what was read before stays in use', {
        reason: String(failure),
      })
      this.loading.onProblem()
      this.freshUntilMs = nowMs + REVALIDATE_MS
      return this.loaded
    }
  }

  private async read(object: NotifyFileObject | undefined, loadedMs: number): Promise<Loaded> {
    if (object === undefined) return { etag: '', parts: NOBODY, loadedMs }
    const { references, clock } = this.loading
    const reading = await readNotifyFile(object.text, { references: references?.(), clock })
    if (reading.problems.length > 0) this.report(reading)
    const before = this.loaded?.parts
    // A receiver whose values cannot be looked up now is as it was; nobody else is kept waiting for it.
    const parts = reading.parts ?? before ?? NOBODY
    const kept = [...(before?.receivers ?? [])].filter(([name]) => parts.receiverNames.includes(name))
    return { etag: object.etag, parts: { ...parts, receivers: new Map([...kept, ...parts.receivers]) }, loadedMs }
  }

  private report({ problems }: NotifyReading): void {
    const { log, onProblem } = this.loading
    onProblem()
    for (const { code, message, range } of problems.slice(0, LOGGED_PROBLEMS)) {
      log('error', 'the file of receivers has a problem', { code, problem: message, line: range.start.line })
    }
  }
}

/** The file as it is in the bucket; undefined without one. */
export async function readNotifyObject({ client, name }: NotifyBucket): Promise<NotifyFileObject | undefined> {
  let output: GetObjectCommandOutput
  try {
    output = await client.send(new GetObjectCommand({ Bucket: name, Key: NOTIFY_KEY }))
  } catch (cause) {
    if ((cause as Error).name === 'NoSuchKey') return undefined
    return asked('read the file of receivers', Promise.reject(cause))
  }
  const text = await asked('read the file of receivers', output.Body?.transformToString('utf8') ?? Promise.resolve(''))
  return { text, etag: output.ETag ?? '' }
}

/** Puts a file that was checked into the bucket; the bucket keeps the one before. */
export async function writeNotifyObject({ client, name }: NotifyBucket, text: string): Promise<void> {
  const put = new PutObjectCommand({ Bucket: name, Key: NOTIFY_KEY, Body: text, ContentType: 'application/yaml' })
  await asked('write the file of receivers', client.send(put))
}
