import type { Instant } from '../domain/units.ts'
import { currentActivation } from './active.ts'
import { missingSignatures, type PauseState, pauseState } from './pause.ts'
import type { Ports, Reading } from './ports.ts'

/** `policy-opt control status`, JSON names. */
export interface ControlStatus {
  readonly paused: boolean
  /** Epoch of the active policy. */
  readonly epoch: number
  readonly policy_version: number
  readonly incident_ticket: string | null
  readonly reason: string | null
  readonly metrics: readonly string[]
  readonly since: Instant | null
  readonly by: string | null
  readonly release: { readonly signed_by: readonly string[]; readonly missing: readonly string[] }
  /** Why the state could not be read, which counts as paused; null where it could. */
  readonly unreadable: string | null
}

/** What holds now. Needs no actor. */
export const controlStatus = (ports: Ports): Promise<ControlStatus> => ports.store.read(statusIn)

/** The same inside a transaction that may just have changed it. */
export async function statusIn(tx: Reading): Promise<ControlStatus> {
  const state = await pauseState(tx)
  const active = await currentActivation(tx)
  return {
    paused: state.paused,
    epoch: active.epoch,
    policy_version: active.policy_version,
    incident_ticket: state.ticket,
    reason: state.reason,
    metrics: state.metrics,
    since: state.since,
    by: state.by,
    release: releaseOf(state),
    unreadable: state.unreadable,
  }
}

const releaseOf = (state: PauseState): ControlStatus['release'] => ({
  signed_by: state.signatures.map(signature => signature.actorId),
  missing: state.paused ? missingSignatures(state.signatures) : [],
})
