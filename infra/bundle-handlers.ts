import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

/*
 * node infra/bundle-handlers.ts FOLDER: each handler of `lambdas/` as a minified ES module of its own, `FOLDER/NAME.mjs`. A
 * process of its own, because CDK bundles synchronously and esbuild takes plugins only when it does not; all at once,
 * because what they share is then read once.
 */

const ROOT = join(import.meta.dirname, '..')

/** What Lambda adds to its runtime; nothing of it may leak from the machine that bundles. */
const BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);"

/**
 * The clients' shapes have computed keys, `{ [_hH]: … }`, which might call anything for all that esbuild knows; written
 * as the constants that they are, the shapes of calls that nobody makes fall away: 62 KB of S3's alone.
 */
const unusedShapes: Plugin = {
  name: 'unused shapes',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]dist-es[/\\]schemas[/\\]schemas_\d+\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const constants = new Map(
        [...text.matchAll(/^const (_\w+) = ("[^"]*");$/gm)].map(([, name, value]) => [name, value]),
      )
      const contents = text.replace(/\[(_\w+)\]:/g, (key, name: string) => {
        const value = constants.get(name)
        return value === undefined ? key : `${value}:`
      })
      return { contents, loader: 'js' }
    })
    // Of its package.json a client wants to know its version.
    onLoad({ filter: /[/\\]@aws-sdk[/\\].*[/\\]package\.json$/ }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }
      return { contents: JSON.stringify({ version }), loader: 'json' }
    })
  },
}

/** Every file of lambdas/ is a handler; what handlers share lies in its folders. */
function handlerFiles(): readonly string[] {
  const entries = readdirSync(join(ROOT, 'lambdas'), { withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => join('lambdas', name))
}

const [outdir = ''] = process.argv.slice(2)
await build({
  absWorkingDir: ROOT,
  entryPoints: [...handlerFiles()],
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // The clients' ES modules: half of the CommonJS builds cannot be shaken off.
  mainFields: ['module', 'main'],
  alias: {
    '@aws-sdk/credential-provider-node': join(ROOT, 'lambdas', 'support', 'credentials.ts'),
    // The same parser as ES modules.
    yaml: join(ROOT, 'node_modules', 'yaml', 'browser', 'index.js'),
  },
  plugins: [unusedShapes],
  banner: { js: BANNER },
  legalComments: 'none',
  logLevel: 'warning',
})
