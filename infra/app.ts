import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { InputError } from '../shared/errors.ts'
import { visible } from '../shared/text/visible.ts'
import { readSettings, type StackSettings } from './settings.ts'
import { BetraceStack } from './stack.ts'

const app = new App()
new BetraceStack(app, settings())
Validations.of(app).addPlugins(new AwsSolutionsChecks(app))

/** The settings, or the end of this process with what is wrong with them. */
function settings(): StackSettings {
  try {
    return readSettings(app.node)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    process.stderr.write(`${visible(error.message)}\n  ${visible(error.hint ?? '')}\n`)
    process.exit(1)
  }
}
