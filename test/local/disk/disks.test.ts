import { describe, expect, test } from 'vitest'
import { newFolder } from '../sqlite/databases.ts'
import { mayMount, runMounting } from './namespace.ts'

interface Health {
  readonly code: number
  readonly status: string
  readonly buffer: string
  readonly archive: string
  readonly jsonLines: string
}

interface Seen {
  readonly full: Record<'acknowledged' | 'unjudged' | 'untold' | 'toldTwice' | 'unarchived' | 'cpuMs', number> & {
    readonly answers: readonly string[]
    readonly after: readonly string[]
    readonly full: Health
    readonly stillFull: Health
  }
  readonly archive: Record<'unjudged' | 'waiting' | 'lines' | 'untold' | 'unarchived', number> & {
    readonly full: Health
    readonly mended: Health
  }
  readonly readOnly: Record<'unjudged' | 'unarchived', number> & {
    readonly during: Health
    readonly after: Health
    readonly starting: readonly unknown[]
  }
}

const mounts = mayMount()
if (!mounts) process.stderr.write('NOT RUN: this machine lets nobody mount file systems of their own (unshare)\n')

describe.runIf(mounts)('on real disks', () => {
  let seen: Seen

  test('the scenarios run to their end', () => {
    seen = runMounting(new URL('./disks-child.ts', import.meta.url), newFolder()) as Seen
  })

  test('a full disk refuses with 503 and Retry-After, says what to do, and loses nothing', () => {
    const { full } = seen
    expect(full.answers).toEqual(['200 null', '503 2'])
    expect(full.acknowledged).toBeGreaterThan(20)
    const buffer = expect.stringMatching(/database or disk is full; free some space.*runbook\.md#the-disk-is-full/)
    expect(full.full).toMatchObject({ code: 503, status: 'failing', buffer })
    expect(full.stillFull).toMatchObject({ code: 503, status: 'failing', buffer })
    expect(full).toMatchObject({ after: ['200 null'], unjudged: 0, untold: 0, toldTwice: 0, unarchived: 0 })
  })

  test('a full archive and file of JSON lines keep no trace from being judged, and get all of it later', () => {
    const { archive } = seen
    const waits = (what: string) => expect.stringMatching(new RegExp(`\\d+ ${what}.*: .*ENOSPC.*#the-disk-is-full`))
    const full = { code: 200, status: 'degraded', archive: waits('(traces|journals)'), jsonLines: waits('signals') }
    expect(archive.full).toMatchObject(full)
    expect(archive).toMatchObject({ unjudged: 0, untold: 0, unarchived: 0, lines: 10 })
    expect(archive.waiting).toBeGreaterThan(0)
    expect(archive.mended).toMatchObject({ status: 'ok', archive: 'ok', jsonLines: 'ok' })
  })

  test('an archive that turns read-only gets its traces once it can be written again', () => {
    const { readOnly } = seen
    const archive = expect.stringMatching(/1 traces are kept in the database.*EROFS.*#the-disk-is-read-only/)
    expect(readOnly.during).toMatchObject({ code: 200, status: 'degraded', archive })
    expect(readOnly).toMatchObject({ unjudged: 0, unarchived: 0, after: { status: 'ok', archive: 'ok' } })
  })

  test('a read-only disk is reported at the start', () => {
    expect(seen.readOnly.starting).toEqual([
      expect.objectContaining({
        name: 'StorageError',
        message: expect.stringMatching(/betrace\.db: unable to open database file$/),
        hint: expect.stringContaining('#the-disk-is-read-only'),
      }),
      expect.objectContaining({
        name: 'InputError',
        message: expect.stringContaining('EROFS: read-only file system'),
        hint: expect.stringContaining('#the-disk-is-read-only'),
      }),
    ])
  })
})
