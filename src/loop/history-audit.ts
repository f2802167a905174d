import { auditFitness } from '../domain/fitness.ts'
import type { FitnessFigures, FitnessFinding, FitnessVerdict } from '../domain/fitness-finding.ts'
import { FITNESS_TESTS, type FitnessTest } from '../domain/fitness-tests.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { Digest } from '../domain/units.ts'
import { currentThresholds } from './active.ts'
import type { Ports } from './ports.ts'
import { findSnapshot } from './snapshot-lookup.ts'

export interface HistoryAuditInput {
  /** Id, digest or the beginning of either; null is the newest snapshot. */
  readonly snapshot: string | null
}

/** What a history can support, JSON names. */
export interface HistoryAudit {
  readonly snapshot_id: string
  readonly digest: Digest
  readonly verdict: FitnessVerdict
  readonly findings: readonly (FitnessFinding & FitnessTest)[]
  readonly figures: FitnessFigures
}

/** Judges a snapshot before anyone optimises on it. Needs no actor and stores nothing; refuses `not_found` and `audit_broken`. */
export async function auditHistory(ports: Ports, input: HistoryAuditInput): Promise<Result<HistoryAudit>> {
  const found = await ports.store.read(async tx => {
    const snapshot = await findSnapshot(tx, input.snapshot)
    if (!snapshot.ok) return snapshot
    return done({ snapshot: snapshot.value, thresholds: (await currentThresholds(tx)).thresholds })
  })
  if (!found.ok) return found
  const { snapshot, thresholds } = found.value
  const columns = await ports.snapshots.load(snapshot.digest)
  if (!columns.ok) return columns
  const audit = auditFitness(columns.value, {
    thinSegmentQuotes: thresholds.evidence.thin_segment_quotes,
    protectedAttributes: thresholds.evidence.protected_attributes,
  })
  return done({
    snapshot_id: snapshot.snapshot_id,
    digest: snapshot.digest,
    verdict: audit.verdict,
    findings: audit.findings.map(finding => ({ ...finding, ...FITNESS_TESTS[finding.code] })),
    figures: audit.figures,
  })
}
