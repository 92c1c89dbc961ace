import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { visible, visibleLines } from '../../shared/text/visible.ts'

/** A console that shows no invisible character. Powertools writes its JSON there, which keeps its meaning. */
export function visibleConsole(): Console {
  return new Console({ stdout: visibleStream(process.stdout), stderr: visibleStream(process.stderr) })
}

function visibleStream(stream: NodeJS.WriteStream): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      stream.write(visibleLines(String(chunk)))
      // At once, since a function may be frozen before the stream calls back.
      done()
    },
  })
}

/** Makes the texts of an error visible in place: Lambda logs what a handler throws, and tells it to whoever called. */
export function makeVisible(error: unknown): void {
  if (!(error instanceof Error)) return
  for (const name of ['message', 'stack', ...Object.keys(error)]) {
    const text: unknown = Reflect.get(error, name)
    if (typeof text === 'string') Reflect.set(error, name, name === 'stack' ? visibleLines(text) : visible(text))
  }
}
