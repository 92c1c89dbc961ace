#!/usr/bin/env node
// The first process of a container gets no signal that it does not listen to. Any other is ended by the system itself,
// however busy it is, until a command asks for signals to end in its own way.
if (process.pid === 1) {
  process.on('SIGINT', () => process.exit(130))
  process.on('SIGTERM', () => process.exit(143))
}

// Nothing is imported before the version is known: an older Node would fail on a missing module instead of saying why.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 15)) {
  const path = process.execPath.replace(/[^ -~]/g, '?')
  process.stderr.write(`betrace needs Node.js 22.15 or newer; this is ${process.versions.node} (${path})\n`)
  process.exitCode = 2
} else {
  const { runOnProcess } = await import('./process.ts')
  await runOnProcess()
}

export {}
