import { answerIncidents, type IncidentApiDeps } from '../../shared/incidents/api/api.ts'
import { newMuteId } from '../../shared/incidents/mutes/mute-id.ts'
import type { ApiRequest } from '../../shared/pipeline/api-message.ts'
import { visible } from '../../shared/text/visible.ts'
import { type ApiChoice, type ApiClient, answeredBody, openApi } from '../api-client.ts'
import type { Terminal } from '../terminal.ts'
import { outputsOf } from './stack-option.ts'

/** Opens the incidents and mutes of a server or of a deployed stack. */
export async function openIncidents(choice: ApiChoice, terminal: Terminal): Promise<ApiClient> {
  const { stack } = choice
  return stack === undefined ? openApi(choice) : stackClient(stack, await stackDeps(stack, terminal))
}

/** A stack has no such API: what a server would answer is worked out here, with the table and the credentials of the caller. */
function stackClient(stack: string, deps: IncidentApiDeps): ApiClient {
  const ask = async <Body>(method: string, target: string, body = ''): Promise<Body> => {
    const [path = '', query = ''] = target.split('?')
    const headers: ApiRequest['headers'] = { 'content-type': 'application/json' }
    const request = { method, path, query: new URLSearchParams(query), headers, body }
    const answer = await answerIncidents(request, deps)
    return answeredBody({ status: answer.status, text: answer.body }, stack) as Body
  }
  return {
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, JSON.stringify(body)),
    delete: (path) => ask('DELETE', path),
  }
}

async function stackDeps(stack: string, terminal: Terminal): Promise<IncidentApiDeps> {
  const { incidentTable, rulesBucket } = await outputsOf({ stack })
  const { dynamoClient, s3Client } = await import('../../shared/aws/clients.ts')
  const { dynamoDesk } = await import('../../shared/aws/incidents/dynamo-desk.ts')
  const { S3NotifySource } = await import('../../shared/aws/incidents/s3-notify-source.ts')
  const { PATIENT } = await import('../../shared/aws/until-taken.ts')
  const bucket = { client: s3Client(), name: rulesBucket }
  const onProblem = () => {
    const check = `betrace notify check --stack ${stack}`
    terminal.stderr.write(`notify.yaml of the stack has problems; ${visible(check)} shows them\n`)
  }
  const notify = new S3NotifySource(bucket, { references: undefined, clock: Date.now, log: () => {}, onProblem })
  const table = { client: dynamoClient(), name: incidentTable, backoff: PATIENT }
  return {
    desk: dynamoDesk(table, Date.now, () => notify.current()),
    clock: Date.now,
    metrics: { add: () => {}, observe: () => {} },
    newMuteId,
    source: `/${stack}`,
    // The command ends with it, and shows its reason.
    onStorageFailure(error) {
      throw error
    },
  }
}
