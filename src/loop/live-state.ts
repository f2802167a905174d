import type { Digest, JsonObject } from '../domain/units.ts'
import { digestOf } from '../evidence/canonical.ts'
import type { Ports } from './ports.ts'
import type { Tables } from './tables.ts'

/** Everything a drill could spoil. The log is left out, as others may record KPIs or proofs while a drill runs. */
const LIVE_TABLES = [
  'policy_version',
  'policy_activation',
  'policy_candidate',
  'policy_replay_evaluation',
  'review_packet',
  'policy_approval_decision',
  'policy_apply_record',
  'policy_rollback_record',
  'safety_pause',
  'thresholds_version',
  'actor',
  'actor_key',
  'actor_key_revocation',
  'keyring',
  'installation',
] as const satisfies readonly (keyof Tables)[]

/** Digest over every row of the live policy state, in one consistent view. */
export const liveStateDigest = (ports: Ports): Promise<Digest> =>
  ports.store.read(async tx => {
    const state: Record<string, readonly JsonObject[]> = {}
    for (const table of LIVE_TABLES) {
      state[table] = (await tx.find(table)) as unknown as readonly JsonObject[]
    }
    return digestOf(state)
  })
