import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { type AuditVerdict, checkAudit, openedStore } from './audit-check.ts'
import { type AuditedStore, type AuditFinding, finding } from './audit-finding.ts'
import { entriesFixedBySignatures } from './audit-signature-check.ts'
import { type Checkpoint, checkCheckpoint } from './checkpoint.ts'

/** A checkpoint kept elsewhere, and how old it may be (null: any age; it is stated). */
export interface KeptElsewhere {
  readonly note: string
  readonly now: Instant
  readonly ageSecondsMax: number | null
}

export type ComparedCheckpoint = Checkpoint & {
  readonly age_seconds: number
  /** Entries after it, which it says nothing about. */
  readonly entries_since: number
}

/** `audit verify`, JSON names. */
export type AuditReport = AuditVerdict & {
  /** The checkpoint it was compared with. */
  readonly checkpoint: ComparedCheckpoint | null
  /** What this verification could not tell. */
  readonly unchecked: readonly string[]
}

/**
 * The audit of a store, compared with a checkpoint kept elsewhere. An old checkpoint fits a store that was set back to just that
 * moment, so its age is stated, and is a finding where it passes the bound. Refuses signature_invalid for a checkpoint that no
 * key of this installation signed.
 */
export async function auditAgainst(
  store: AuditedStore,
  kept: KeptElsewhere | null,
): Promise<Result<AuditReport>> {
  const opened = await openedStore(store)
  const { trusted } = opened.keyrings
  const id = String(opened.held.installation?.at(-1)?.installation_id)
  const versions = trusted.filter(({ installation_id }) => installation_id === id)
  // Without a keyring no checkpoint can be checked, and the findings say that first.
  if (kept === null || versions.length === 0) {
    const audited = await checkAudit(opened)
    const loose = audited.entries - entriesFixedBySignatures(opened.held, trusted)
    const unchecked = [
      'whether the store as a whole was set back: compare it with a checkpoint kept elsewhere',
      ...(loose > 0 ? [`the newest ${loose} entries, which no later signature fixes yet`] : []),
    ]
    return done({ ...audited, checkpoint: null, unchecked })
  }
  const verdict = checkCheckpoint(kept.note, versions)
  if (verdict.kind === 'invalid') {
    return refuse(
      'signature_invalid',
      `the checkpoint cannot be relied on: ${verdict.why}`,
      'check that it is of this installation; if it is, this store was set back to before its signer was known',
    )
  }
  const audited = await checkAudit(opened, verdict.checkpoint)
  const checkpoint = compared(verdict.checkpoint, audited.entries, kept.now)
  const findings = [...audited.findings, ...ageFindings(checkpoint, kept.ageSecondsMax)]
  const { entries_since: since } = checkpoint
  const unchecked = since > 0 ? [`the newest ${since} entries, which are later than the checkpoint`] : []
  return done({ ...audited, ok: findings.length === 0, findings, checkpoint, unchecked })
}

const compared = (checkpoint: Checkpoint, entries: number, now: Instant): ComparedCheckpoint => ({
  ...checkpoint,
  age_seconds: Math.floor((Date.parse(now) - Date.parse(checkpoint.at)) / 1000),
  entries_since: Math.max(0, entries - checkpoint.log.size),
})

const ageFindings = (
  { at, age_seconds: age }: ComparedCheckpoint,
  ageSecondsMax: number | null,
): readonly AuditFinding[] =>
  ageSecondsMax === null || age <= ageSecondsMax
    ? []
    : [finding('checkpoint_old', `checkpoint of ${at}`, `at most ${ageSecondsMax} s old`, `${age} s old`)]
