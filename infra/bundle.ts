import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { type AssetCode, Code } from 'aws-cdk-lib/aws-lambda'
import { buildSync } from 'esbuild'

const ROOT = join(import.meta.dirname, '..')

/** What Lambda adds to its runtime; nothing of it may leak from the machine that bundles. */
const BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);"

/** Bundles a handler of `lambdas/` into one minified ES module, `index.mjs`; `folders` of the project go beside it. */
export function bundledCode(handler: string, folders: readonly string[] = []): AssetCode {
  return Code.fromAsset(join(ROOT, 'lambdas'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: local bundling always succeeds or throws.
      image: DockerImage.fromRegistry('unused'),
      // CDK tells assets of one folder apart by this; without it all functions would get the first one's bundle.
      command: [handler, ...folders],
      local: {
        tryBundle(outputFolder: string): boolean {
          bundle(handler, join(outputFolder, 'index.mjs'))
          for (const folder of folders) cpSync(join(ROOT, folder), join(outputFolder, folder), { recursive: true })
          return true
        },
      },
    },
  })
}

function bundle(handler: string, outfile: string): void {
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: [`lambdas/${handler}.ts`],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // The clients' ES modules: half of the CommonJS builds cannot be shaken off.
    mainFields: ['module', 'main'],
    alias: { '@aws-sdk/credential-provider-node': join(ROOT, 'lambdas', 'credentials.ts') },
    banner: { js: BANNER },
    legalComments: 'none',
    logLevel: 'warning',
  })
}
