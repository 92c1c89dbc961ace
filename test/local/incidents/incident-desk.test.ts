import { onTestFinished } from 'vitest'
import { incidentDeskContract } from '../../incidents/api/desk-contract.ts'
import { openLocalDesk } from './local-desk.ts'

incidentDeskContract(async () => {
  const world = openLocalDesk()
  onTestFinished(() => world.database.close())
  return world
})
