import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type RulesInForce, RulesWatcher, rulesReport } from '../../../local/rules/rules-watcher.ts'
import { makePipe } from '../files/special-files.ts'
import { closeDatabases, newFolder } from '../sqlite/databases.ts'

afterEach(closeDatabases)

const rule = (name: string, condition = 'trace.has(a)') => `// Signal: ${name} (high)\n${condition}\n`

async function open(files: Readonly<Record<string, string>>) {
  const folder = newFolder()
  const write = (name: string, text: string) => {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  for (const [name, text] of Object.entries(files)) write(name, text)
  const loads: RulesInForce[] = []
  const logged: string[] = []
  const log = (level: string, message: string, { changes, reason }: Readonly<Record<string, unknown>> = {}) =>
    void logged.push(`${level} ${message}: ${changes ?? reason}`)
  const onLoaded = (loaded: RulesInForce) => void loads.push(loaded)
  const dataFolder = newFolder()
  const start = () => RulesWatcher.open([folder], { onLoaded, log, dataFolder })
  const watcher = await start()
  const names = async () => (await watcher.current()).rules.map(({ name }) => name).sort()
  /** Two looks: a change is loaded when it has settled. */
  const settle = async () => {
    await watcher.poll()
    await watcher.poll()
  }
  return { folder, write, watcher, loads, names, settle, start, logged, dataFolder }
}

describe('rules of a folder', () => {
  test('are loaded from every rule file and pack below it', async () => {
    const pack = 'rules:\n  - id: PACKED\n    severity: low\n    condition: trace.has(a)\n'
    const { names } = await open({
      'one.rules': rule('ONE'),
      'deep/er/two.rules': rule('TWO'),
      'pack.yaml': pack,
      'pack.yml': pack.replace('PACKED', 'PACKED_TOO'),
      'notes.md': rule('NOT_ONE'),
      '.hidden/three.rules': rule('HIDDEN'),
    })
    expect(await names()).toEqual(['ONE', 'PACKED', 'PACKED_TOO', 'TWO'])
  })

  test('are loaded again when a file changes, comes or goes', async () => {
    const { folder, write, names, settle } = await open({ 'one.rules': rule('ONE') })
    write('one.rules', rule('CHANGED'))
    await settle()
    expect(await names()).toEqual(['CHANGED'])
    write('new/two.rules', rule('TWO'))
    await settle()
    expect(await names()).toEqual(['CHANGED', 'TWO'])
    rmSync(join(folder, 'one.rules'))
    await settle()
    expect(await names()).toEqual(['TWO'])
  })

  test('are loaded again when an editor replaces a file by renaming another', async () => {
    const { folder, write, names, settle } = await open({ 'one.rules': rule('ONE') })
    write('one.rules.tmp', rule('TWO'))
    renameSync(join(folder, 'one.rules.tmp'), join(folder, 'one.rules'))
    await settle()
    expect(await names()).toEqual(['TWO'])
  })

  test('are not read while a file is still being written', async () => {
    const { write, watcher, names, loads } = await open({ 'one.rules': rule('ONE') })
    write('one.rules', '// Signal: ONE (high)\ntrace.has(')
    await watcher.poll()
    expect(await names()).toEqual(['ONE'])
    write('one.rules', rule('WHOLE'))
    await watcher.poll()
    await watcher.poll()
    expect(await names()).toEqual(['WHOLE'])
    expect(loads).toHaveLength(2)
  })

  test('leave the process to others while many of them are checked', async () => {
    const many = Array.from({ length: 2000 }, (_, index) => rule(`R${index}`, `trace.has(a${index})`)).join('')
    const { write, watcher, names } = await open({ 'one.rules': rule('ONE') })
    write('one.rules', many)
    await watcher.poll()
    let turns = 0
    const others = setInterval(() => turns++, 1)
    await watcher.poll()
    clearInterval(others)
    expect(await names()).toHaveLength(2000)
    expect(turns).toBeGreaterThan(1)
  })

  test('are not loaded again when nothing changes', async () => {
    const { watcher, loads } = await open({ 'one.rules': rule('ONE') })
    for (let looks = 0; looks < 5; looks++) await watcher.poll()
    expect(loads).toHaveLength(1)
  })

  test('stay in force while the folder is gone, which is reported', async () => {
    const { folder, names, settle, watcher, loads } = await open({ 'one.rules': rule('ONE') })
    rmSync(folder, { recursive: true })
    await settle()
    expect(await names()).toEqual(['ONE'])
    expect(loads.at(-1)?.folder.unreadable).toMatchObject([{ file: folder, reason: 'it does not exist', isKept: true }])
    expect(watcher.state.folder.unreadable).toHaveLength(1)
    mkdirSync(folder)
    writeFileSync(join(folder, 'two.rules'), rule('TWO'))
    await settle()
    expect(await names()).toEqual(['TWO'])
    expect(watcher.state.folder.unreadable).toEqual([])
  })

  test('stay in force while their file cannot be read, and others are loaded meanwhile', async () => {
    const { folder, write, names, settle, watcher } = await open({
      'pipe.rules': rule('PIPE'),
      'link.rules': rule('LINK'),
      'deep/folder.rules': rule('FOLDER'),
      'other.rules': rule('OTHER'),
    })
    for (const name of ['pipe.rules', 'link.rules', 'deep']) rmSync(join(folder, name), { recursive: true })
    makePipe(join(folder, 'pipe.rules'))
    symlinkSync('/etc/passwd', join(folder, 'link.rules'))
    symlinkSync('/etc', join(folder, 'deep'))
    write('other.rules', rule('CHANGED'))
    await settle()
    expect(await names()).toEqual(['CHANGED', 'FOLDER', 'LINK', 'PIPE'])
    expect(rulesReport(watcher.state, false)).toContain(
      `${folder}/pipe.rules was not read: it is a named pipe, not a file; put a file in its place, or delete it. Its rules stay in force until then`,
    )
    for (const name of ['pipe.rules', 'link.rules', 'deep']) rmSync(join(folder, name))
    await settle()
    expect(await names()).toEqual(['CHANGED'])
    expect(watcher.state.folder.unreadable).toEqual([])
  })

  test('are read once though links lead to them in a circle', async () => {
    const { folder, write, names, settle, watcher } = await open({ 'one.rules': rule('ONE') })
    symlinkSync(folder, join(folder, 'self'))
    write('two.rules', rule('TWO'))
    await settle()
    expect(await names()).toEqual(['ONE', 'TWO'])
    expect(watcher.state.set.rejected).toBe(0)
  })
})

describe('a bad rule', () => {
  test('is shown with its line and a caret, and the others are in force', async () => {
    const { loads, names } = await open({ 'a.rules': `${rule('GOOD')}\n${rule('BAD', 'trace.has(')}` })
    expect(await names()).toEqual(['GOOD'])
    const report = rulesReport(loads[0] as RulesInForce, false)
    expect(report).toContain('1 rule in force, 1 rejected')
    expect(report).toMatch(/a\.rules:5:10 {2}unclosed-bracket/)
    expect(report).toContain('5 | trace.has(\n  |          ^')
  })

  test('among more than 1,000 is counted where it is not shown', async () => {
    const bad = (count: number) => Array.from({ length: count }, (_, index) => rule(`B${index}`, 'a && b')).join('')
    const { loads, names } = await open({ 'a.rules': bad(1400), 'b.rules': rule('GOOD') })
    expect(await names()).toEqual(['GOOD'])
    const report = rulesReport(loads[0] as RulesInForce, false)
    expect(report).toContain('1 rule in force, 1400 rejected')
    expect(report.match(/wrong-operator/g)).toHaveLength(1000)
    expect(report).toMatch(/\n\nand 400 more problems in 1 file\n$/)
  })

  test('with the name of another file’s rule is reported', async () => {
    const { loads } = await open({ 'a.rules': rule('SAME'), 'b.rules': rule('SAME', 'trace.has(b)') })
    const { set } = loads[0] as RulesInForce
    expect(set.problems.map(({ code }) => code)).toContain('duplicate-rule')
    expect(set.rejected).toBeGreaterThan(0)
  })

  test('that is not text is named, and the others are in force', async () => {
    const { folder, names, settle, loads } = await open({ 'a.rules': rule('GOOD') })
    writeFileSync(join(folder, 'b.rules'), Buffer.from([0xff, 0xfe, 0x00]))
    await settle()
    expect(await names()).toEqual(['GOOD'])
    expect(rulesReport(loads.at(-1) as RulesInForce, false)).toContain('b.rules was not read: it is not UTF-8 text')
  })
})

describe('a rule whose text gets a problem', () => {
  const revisions = (loaded: RulesInForce | undefined) =>
    Object.fromEntries(loaded?.set.rules.map(({ name, revision }) => [name, revision]) ?? [])

  test('stays in force as it was, and the other rules of its file change', async () => {
    const { write, loads, settle, logged } = await open({ 'a.rules': rule('ONE') + rule('TWO') })
    write('a.rules', rule('ONE', 'trace.has(') + rule('TWO', 'trace.has(b)') + rule('NEW', 'trace.has(c'))
    await settle()
    const [before, after] = [revisions(loads[0]), revisions(loads[1])]
    expect(Object.keys(after)).toEqual(['TWO', 'ONE'])
    expect([after.ONE === before.ONE, after.TWO === before.TWO]).toEqual([true, false])
    expect(loads[1]?.set.keptBack.map(({ name }) => name)).toEqual(['ONE'])
    expect(logged).toEqual(['warn rules changed: 1 changed: TWO; 1 kept back: ONE'])
    expect(rulesReport(loads[1] as RulesInForce, false)).toContain('(1 changed: TWO; 1 kept back: ONE)')
  })

  test('stays in force until it is taken out, or corrected', async () => {
    const { write, names, settle, loads, watcher } = await open({ 'a.rules': rule('ONE') + rule('TWO') })
    write('a.rules', rule('ONE', 'trace.has(') + rule('TWO', 'trace.has('))
    await settle()
    write('a.rules', rule('ONE', 'trace.has(') + rule('TWO', 'trace.has(d)'))
    await settle()
    expect(watcher.state.set.keptBack.map(({ name }) => name)).toEqual(['ONE'])
    expect(revisions(loads[2]).ONE).toBe(revisions(loads[0]).ONE)
    write('a.rules', rule('TWO', 'trace.has(d)'))
    await settle()
    expect(await names()).toEqual(['TWO'])
    expect(watcher.state.set.keptBack).toEqual([])
  })

  test.each([
    ['a header that nobody can read', '// Signal TWO (high)\ntrace.has(b)\n', 'a.rules'],
    ['text before its first rule', 'trace.has(b)\n', 'a.rules'],
    ['broken YAML', 'rules: [\n', 'a.yaml'],
  ])('stays in force where its file has %s', async (_, text, file) => {
    const pack = 'rules:\n  - id: TWO\n    severity: low\n    condition: trace.has(a)\n'
    const { write, names, settle } = await open({ [file]: file.endsWith('yaml') ? pack : rule('TWO') })
    write(file, text)
    await settle()
    expect(await names()).toEqual(['TWO'])
  })

  test('goes with its file', async () => {
    const { folder, write, names, settle } = await open({ 'a.rules': rule('ONE'), 'b.rules': rule('TWO') })
    write('b.rules', rule('TWO', 'trace.has('))
    await settle()
    rmSync(join(folder, 'b.rules'))
    await settle()
    expect(await names()).toEqual(['ONE'])
  })

  test('stays in force after a restart, also when it got the problem while nobody looked', async () => {
    const { write, settle, start, loads } = await open({ 'a.rules': rule('ONE') + rule('TWO') })
    write('a.rules', rule('ONE', 'trace.has(') + rule('TWO'))
    await settle()
    write('a.rules', rule('ONE', 'trace.has(') + rule('TWO', 'trace.has('))
    const again = await start()
    expect(revisions(again.state)).toEqual(revisions(loads[0]))
    expect((await start()).state.set.keptBack.map(({ name }) => name).sort()).toEqual(['ONE', 'TWO'])
  })

  test('is missing after a restart where the data folder lost what was in force, and the log says so', async () => {
    const { write, start, logged, dataFolder } = await open({ 'a.rules': rule('ONE') + rule('TWO') })
    write('a.rules', rule('ONE', 'trace.has(') + rule('TWO'))
    writeFileSync(join(dataFolder, 'rules-in-force.json'), '{"version":1,')
    const again = await start()
    expect(again.state.set.rules.map(({ name }) => name)).toEqual(['TWO'])
    expect(logged).toEqual([
      expect.stringMatching(/^error the rules that were in force before cannot be read: SyntaxError/),
    ])
  })
})

test('a folder of rules that does not exist is bad input at the start', async () => {
  await expect(RulesWatcher.open(['/nowhere/rules'], { onLoaded: () => {}, log: () => {} })).rejects.toMatchObject({
    name: 'InputError',
    code: 'unreadable-rules',
    message: 'cannot read rules from /nowhere/rules: it does not exist',
  })
})
