import type { ReplayReport } from '../domain/replay-report.ts'
import type { Digest, Json } from '../domain/units.ts'
import { digestOf } from './canonical.ts'

/**
 * The checksum of a replay: SHA-256 over the RFC 8785 form of the whole report without `replay_checksum`. The report names
 * every input (both policies, snapshot, model and thresholds by digest, the cohort scope, the engine version, the candidate) and
 * holds every result, so any changed byte of either changes it. Engine and machine are not part of it, because they change
 * nothing.
 */
export function replayChecksum(report: Omit<ReplayReport, 'replay_checksum'>): Digest {
  const { replay_checksum: _, ...covered } = report as ReplayReport
  return digestOf(covered as unknown as Json)
}

/** Whether a report still is what its checksum says. */
export const isReportIntact = (report: ReplayReport): boolean =>
  report.replay_checksum === replayChecksum(report)
