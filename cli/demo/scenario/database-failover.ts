import { SpanKind } from '@opentelemetry/api'
import type { Service } from '../service.ts'
import { request, type Scenario, type ShopStage } from './scenario.ts'

const QUERY_MS = 8
const CATCH_UP_MS = 800

/** The primaries of three databases are shut down: nothing may be lost, nothing written to a replica. */
export const databaseFailover: Scenario = {
  fault: 'the primary of every database is shut down',
  healthy: 'a replica catches up, is promoted, and only then written to',
  broken: 'writes go to the replica at once, without those it has not got yet',
  pack: 'failover.rules',
  rules: ['DATA_LOSS_DETECTED', 'WRITE_TO_REPLICA_DETECTED'],
  open(stage, broken) {
    const routes = (['cart', 'orders', 'payment'] as const).map((name) => {
      const service = stage.service(name)
      return { service, route: `POST /${name}`, database: databaseOf(service, stage, broken) }
    })
    return async (number) => {
      const { service, route, database } = routes[number % routes.length] as (typeof routes)[number]
      await request(service, route, async () => {
        await database('read')
        await database('write')
      })
    }
  },
}

type Operation = 'read' | 'write'

/** A database client that fails over to the replica when the primary is gone. */
function databaseOf(service: Service, { timeline, faulty }: ShopStage, broken: boolean) {
  let primary: 'first' | 'second' | 'none' = 'first'
  /** Writes that the primary has acknowledged and the replica has not got yet. */
  let behind = 0

  async function failOver(): Promise<void> {
    if (!broken) {
      timeline.pass(CATCH_UP_MS)
      behind = 0
    }
    primary = broken ? 'none' : 'second'
    await service.span('database.failover', { 'data.lost': behind, 'db.system.name': 'postgresql' }, async () => {})
  }

  return async (operation: Operation): Promise<void> => {
    if (faulty() && primary === 'first') await failOver()
    const target = primary === 'none' ? 'replica' : 'primary'
    const attributes = { operation, target, 'db.system.name': 'postgresql' }
    await service.span('database.operation', attributes, async () => timeline.pass(QUERY_MS), SpanKind.CLIENT)
    if (operation === 'write') behind = 1
  }
}
