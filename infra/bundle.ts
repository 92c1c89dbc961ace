import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { type AssetCode, Code } from 'aws-cdk-lib/aws-lambda'

const ROOT = join(import.meta.dirname, '..')

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
          cpSync(join(bundlesFolder(), `${handler}.mjs`), join(outputFolder, 'index.mjs'))
          for (const folder of folders) cpSync(join(ROOT, folder), join(outputFolder, folder), { recursive: true })
          return true
        },
      },
    },
  })
}

let bundles: string | undefined

/** A folder with the bundles of all handlers, as `NAME.mjs`; made when it is first asked for, gone with this process. */
export function bundlesFolder(): string {
  if (bundles !== undefined) return bundles
  const folder = mkdtempSync(join(tmpdir(), 'betrace-bundles-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  const stdio = ['ignore', 'inherit', 'inherit'] as const
  execFileSync(process.execPath, [join(import.meta.dirname, 'bundle-handlers.ts'), folder], { stdio: [...stdio] })
  bundles = folder
  return folder
}
