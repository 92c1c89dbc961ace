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
  await keepCompiled()
  const { runOnProcess } = await import('./process.ts')
  await runOnProcess()
}

/**
 * Lets Node keep what it compiles in the cache of the user: a command starts in a quarter of the time from then on. Not in the
 * folder for temporary files, where another user could put compiled code first. Without a place for it Node compiles each time.
 */
async function keepCompiled(): Promise<void> {
  const { enableCompileCache, getCompileCacheDir } = await import('node:module')
  if (getCompileCacheDir() !== undefined) return
  const { homedir } = await import('node:os')
  const { XDG_CACHE_HOME: caches = '' } = process.env
  try {
    enableCompileCache(`${caches.startsWith('/') ? caches : `${homedir()}/.cache`}/betrace`)
  } catch {
    // A user without a home.
  }
}

export {}
