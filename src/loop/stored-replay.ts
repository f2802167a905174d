import { done, type Result, refuse } from '../domain/refusal.ts'
import type { ReplayReport } from '../domain/replay-report.ts'
import type { Digest } from '../domain/units.ts'
import { isReportIntact } from '../evidence/replay-checksum.ts'
import { artifactByDigest } from './artifacts.ts'
import type { Reading } from './ports.ts'
import type { CandidateRow, ReplayRow } from './tables.ts'

/** A replay as recorded: its row, and the report that the row's idempotency key names. */
export interface StoredReplay {
  readonly row: ReplayRow
  readonly report: ReplayReport
  readonly reportDigest: Digest
}

/**
 * The replay that holds for a candidate. Refuses illegal_move where it was never replayed, audit_broken or not_found where
 * the report is gone, altered or of another replay.
 */
export async function storedReplay(tx: Reading, candidate: CandidateRow): Promise<Result<StoredReplay>> {
  const checksum = candidate.latest_replay_checksum
  const row =
    checksum === null
      ? null
      : await tx.last('policy_replay_evaluation', {
          candidate_id: candidate.id,
          replay_checksum: checksum,
        })
  if (row === null) {
    return refuse(
      'illegal_move',
      `the candidate \`${candidate.id}\` was never replayed`,
      `run \`quotey policy-opt replay ${candidate.id}\``,
    )
  }
  return reportOf(tx, row)
}

async function reportOf(tx: Reading, row: ReplayRow): Promise<Result<StoredReplay>> {
  const body = await artifactByDigest(tx, row.idempotency_key)
  if (!body.ok) return body
  const report = body.value as unknown as ReplayReport
  if (
    isReportIntact(report) &&
    report.replay_checksum === row.replay_checksum &&
    report.candidate_id === row.candidate_id
  ) {
    return done({ row, report, reportDigest: row.idempotency_key })
  }
  return refuse(
    'audit_broken',
    `the report of replay \`${row.id}\` is not what was recorded`,
    'run `quotey audit verify`, then replay the candidate again',
    { recorded: row.replay_checksum, found: report.replay_checksum },
  )
}
