import type { JsonObject } from '../../src/domain/units.ts'
import { pauseState } from '../../src/loop/pause.ts'
import type { Reading } from '../../src/loop/ports.ts'

/** What the log alone says, read event by event without asking any other table. */
export interface ImpliedState {
  readonly epoch: number
  readonly version: number
  readonly paused: boolean
  readonly statuses: ReadonlyMap<string, string>
  /** Ids of applies and rollbacks in the log. */
  readonly records: ReadonlySet<string>
  readonly violations: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

const STATUS_BY_EVENT: Readonly<Record<string, string>> = {
  candidate_created: 'draft',
  replay_completed: 'replayed',
  review_packet_built: 'review_ready',
  approved: 'approved',
  rejected: 'rejected',
  applied: 'applied',
  rolled_back: 'rolled_back',
}

/** Walks the log and names each event that must not stand where it stands. */
export async function impliedState(tx: Reading): Promise<ImpliedState> {
  const violations: string[] = []
  const statuses = new Map<string, string>()
  const records = new Set<string>()
  const counts: Record<string, number> = {}
  /** Versions activated one after another, so that a rollback can be held against the one before. */
  let stack: number[] = []
  let epoch = 0
  let paused = false
  for (const row of await tx.find('policy_lifecycle_audit')) {
    const { event_type: event, entry_index: index } = row
    const payload = JSON.parse(row.event_payload_json) as JsonObject
    const wrong = (why: string): number => violations.push(`entry ${index} ${event}: ${why}`)
    counts[event] = (counts[event] ?? 0) + 1
    const status = STATUS_BY_EVENT[event]
    if (status !== undefined && row.candidate_id !== null) statuses.set(row.candidate_id, status)
    if (event === 'policy_initialised' || event === 'applied' || event === 'rolled_back') {
      if (payload.epoch !== epoch + 1) wrong(`epoch ${payload.epoch} follows ${epoch}`)
      epoch = payload.epoch as number
    }
    if (paused && (event === 'applied' || event === 'approved')) wrong('stands between pause and release')
    switch (event) {
      case 'policy_initialised':
        stack = [payload.policy_version as number]
        break
      case 'applied':
        if (payload.prior_policy_version !== stack.at(-1)) {
          wrong(`won on version ${payload.prior_policy_version} while ${stack.at(-1)} was active`)
        }
        stack.push(payload.applied_policy_version as number)
        records.add(payload.apply_record_id as string)
        break
      case 'rolled_back':
        stack.pop()
        if (payload.rollback_target_version !== stack.at(-1)) {
          wrong(`restored version ${payload.rollback_target_version}, before was ${stack.at(-1)}`)
        }
        records.add(payload.rollback_record_id as string)
        break
      case 'pause_engaged':
        paused = true
        break
      case 'pause_released':
        if (!paused) wrong('released without a pause')
        paused = false
        break
    }
  }
  return { epoch, version: stack.at(-1) ?? 0, paused, statuses, records, violations, counts }
}

/** Where the tables say otherwise than the log. */
export async function disagreements(tx: Reading, implied: ImpliedState): Promise<readonly string[]> {
  const found: string[] = []
  const activations = await tx.find('policy_activation')
  const active = activations.at(-1)
  if (active?.epoch !== implied.epoch || active.policy_version !== implied.version) {
    found.push(
      `active is ${active?.policy_version} under ${active?.epoch}, the log says ${implied.version} under ${implied.epoch}`,
    )
  }
  if (activations.some((row, at) => row.epoch !== at + 1)) found.push('the epochs have a gap')
  for (const { id, status } of await tx.find('policy_candidate')) {
    if (implied.statuses.get(id) !== status) {
      found.push(`${id} is ${status}, the log says ${implied.statuses.get(id)}`)
    }
  }
  const state = await pauseState(tx)
  if (state.paused !== implied.paused || state.unreadable !== null) {
    found.push(`paused is ${state.paused} (${state.unreadable}), the log says ${implied.paused}`)
  }
  const applies = (await tx.find('policy_apply_record')).map(row => row.id)
  const rollbacks = (await tx.find('policy_rollback_record')).map(row => row.id)
  const recorded = [...applies, ...rollbacks]
  if (recorded.length !== implied.records.size || recorded.some(id => !implied.records.has(id))) {
    found.push(`${recorded.length} records of applies and rollbacks, the log has ${implied.records.size}`)
  }
  return found
}
