import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Validations } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { AwsSolutionsChecks } from 'cdk-nag'
import { readSettings } from '../../infra/settings.ts'
import { BetraceStack } from '../../infra/stack.ts'

interface Finding {
  readonly ruleName: string
  readonly reason?: string
}

/** A stack as `cdk synth` would write it, and what cdk-nag found in it. */
export interface Synthesized {
  readonly template: Template
  readonly resources: Readonly<Record<string, Resource>>
  readonly violations: readonly Finding[]
  readonly acknowledged: readonly Finding[]
  /** The folder of a function's bundle, by the file in lambdas/. */
  bundleFolder(handler: string): string
}

export interface Resource {
  readonly Type: string
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation's own shapes
  readonly Properties: any
  readonly DeletionPolicy?: string
}

/** Bundling is most of the work; a template without it differs in nothing but the names of assets. */
export const WITHOUT_BUNDLES = { 'aws:cdk:bundling-stacks': [] }

/** Synthesizes the stack with these settings, in this process and without an account or network. */
export function synthesize(context: Readonly<Record<string, unknown>> = {}): Synthesized {
  const outdir = mkdtempSync(join(tmpdir(), 'betrace-synth-'))
  // The built-in validation of CloudFormation takes seconds, and its findings are warnings: `npm run synth` shows them.
  const app = new App({ context, outdir, builtinCloudFormationValidation: false })
  const stack = new BetraceStack(app, readSettings(app.node))
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  app.synth()
  const template = Template.fromStack(stack)
  const resources = template.toJSON().Resources as Readonly<Record<string, Resource>>
  const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'))
  const [nag] = report.pluginReports
  return {
    template,
    resources,
    violations: nag.violations,
    acknowledged: nag.suppressedViolations,
    bundleFolder: (handler) => {
      const found = Object.values(resources).find((one) => functionName(one) === handler)
      return join(outdir, `asset.${String(found?.Properties.Code.S3Key).replace('.zip', '')}`)
    },
  }
}

/** The file in lambdas/ that a function is made of. */
export function functionName({ Properties }: Resource): string | undefined {
  return Properties?.Environment?.Variables?.POWERTOOLS_SERVICE_NAME
}

/** The resources of one type. */
export function ofType({ resources }: Synthesized, type: string): readonly Resource[] {
  return Object.values(resources).filter(({ Type }) => Type === type)
}
