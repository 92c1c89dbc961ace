import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { readSettings } from './settings.ts'
import { BetraceStack } from './stack.ts'

const app = new App()
new BetraceStack(app, readSettings(app.node))
Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
