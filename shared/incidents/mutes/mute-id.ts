import { randomUUID } from 'node:crypto'

/** The id of a new mute, short enough to be written by hand. */
export function newMuteId(): string {
  return randomUUID().slice(0, 8)
}
