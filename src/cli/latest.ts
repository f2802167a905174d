import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Ports } from '../loop/ports.ts'

/** What a command may name by its id, or as `latest`. */
const KEY_OF = {
  policy_candidate: { key: 'id', noun: 'candidate', made: 'quotey policy-opt propose' },
  review_packet: { key: 'packet_id', noun: 'packet', made: 'quotey policy-packet build CANDIDATE' },
  incident: { key: 'id', noun: 'incident', made: 'quotey incident open' },
  policy_apply_record: { key: 'id', noun: 'apply record', made: 'quotey policy-opt apply CANDIDATE' },
} as const

/** What a command may name. */
export type Named = keyof typeof KEY_OF

/** The id somebody gave, or for `latest` that of the newest. Refuses not_found where `latest` is asked for and none exists. */
export async function idNamed(ports: Ports, table: Named, name: string): Promise<Result<string>> {
  if (name !== 'latest') return done(name)
  const { key, noun, made } = KEY_OF[table]
  const row = await ports.store.read(tx => tx.last(table))
  if (row === null) return refuse('not_found', `there is no ${noun} yet`, `make one with \`${made}\``)
  return done((row as unknown as Record<string, string>)[key] as string)
}
