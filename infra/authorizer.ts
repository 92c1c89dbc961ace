import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { type CfnAuthorizer, RequestAuthorizer } from 'aws-cdk-lib/aws-apigateway'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { BetraceFunction, type StackContext } from './lambda-function.ts'
import { acknowledge, allow, allowKey } from './permissions.ts'

/** Checks the API key of each request; asks the secret once a minute. */
export class Authorizer extends Construct {
  readonly secret: Secret
  readonly authorizer: RequestAuthorizer

  constructor(scope: Construct, context: StackContext) {
    super(scope, 'Authorizer')
    const { settings, key } = context
    this.secret = new Secret(this, 'Keys', {
      description: 'BeTrace: API keys that clients may send',
      generateSecretString: {
        secretStringTemplate: '{"addedKeys":[]}',
        generateStringKey: 'generatedKey',
        passwordLength: 40,
        excludePunctuation: true,
      },
      removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(key !== undefined && { encryptionKey: key }),
    })
    acknowledge(
      this.secret,
      'SMG4',
      'clients hold the keys: they are rotated by adding one, moving clients, revoking the other',
    )
    const { function: handler, role } = new BetraceFunction(this, context, {
      handler: 'authorizer',
      description: 'checks the API key of a request',
      memoryMb: 256,
      timeout: Duration.seconds(5),
      environment: { keySecret: this.secret.secretArn },
    })
    allow(role, ['secretsmanager:GetSecretValue'], [this.secret.secretArn])
    allowKey(role, key, 'read')
    // No identity sources and no cache: a key may come in either of two headers, and none at all must be a 401 too.
    this.authorizer = new RequestAuthorizer(this, 'Request', {
      handler,
      identitySources: [],
      resultsCacheTtl: Duration.seconds(0),
    })
    // CDK writes "no sources" as an empty text.
    ;(this.authorizer.node.defaultChild as CfnAuthorizer).addPropertyDeletionOverride('IdentitySource')
  }
}
