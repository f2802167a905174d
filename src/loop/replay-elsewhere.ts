import { done, type Result, refuse } from '../domain/refusal.ts'
import type { ReplayEngine } from '../domain/replay.ts'
import type { ReplayReport } from '../domain/replay-report.ts'
import type { CandidateId } from '../domain/units.ts'
import { candidateEvidence, candidateRow } from './candidate-evidence.ts'
import { evaluateChange } from './evaluate.ts'
import { LOADED_ROWS_MAX } from './evaluate-stored.ts'
import type { Ports } from './ports.ts'
import { changeOf } from './replay.ts'
import { findSnapshot } from './snapshot-lookup.ts'

export interface ReplayElsewhere {
  readonly candidateId: CandidateId
  /** As findSnapshot reads it. */
  readonly snapshot: string
  /** Default: columnar. Quotes that may not fit into memory stay in their file. */
  readonly engine?: ReplayEngine['name']
}

/**
 * Replays a candidate on another snapshot than it was found on, a longer history say, with the model and thresholds it stands on. Needs
 * no actor and records nothing: what is decided on stays the recorded replay. Refuses not_found, bad_input (another
 * currency), audit_broken (evidence gone or altered).
 */
export async function replayElsewhere(ports: Ports, request: ReplayElsewhere): Promise<Result<ReplayReport>> {
  const read = await ports.store.read(async tx => {
    const candidate = await candidateRow(tx, request.candidateId)
    if (!candidate.ok) return candidate
    const evidence = await candidateEvidence(tx, candidate.value)
    if (!evidence.ok) return evidence
    const own = await findSnapshot(tx, evidence.value.current.snapshot_digest)
    if (!own.ok) return own
    const other = await findSnapshot(tx, request.snapshot)
    return other.ok ? done({ evidence: evidence.value, own: own.value, other: other.value }) : other
  })
  if (!read.ok) return read
  const { evidence, own, other } = read.value
  if (own.currency !== other.currency) {
    return refuse(
      'bad_input',
      `the snapshot \`${other.snapshot_id}\` is in \`${other.currency}\`, the candidate stands on quotes in \`${own.currency}\``,
      'name a snapshot in the same currency',
    )
  }
  return evaluateChange(ports, {
    ...changeOf(evidence, request.engine),
    snapshotDigest: other.digest,
    inPlace: other.rows > LOADED_ROWS_MAX,
  })
}
