import { type Difference, firstDifference } from '../domain/first-difference.ts'
import type { RuleDiff } from '../domain/policy.ts'
import { applyDiffs } from '../domain/policy-diff.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { ReplayEngine } from '../domain/replay.ts'
import type { ReplayReport } from '../domain/replay-report.ts'
import type { ResponseModel } from '../domain/response.ts'
import type { Thresholds } from '../domain/thresholds.ts'
import type { CandidateId, Digest, Json, PolicyVersion } from '../domain/units.ts'
import { digestOfText } from '../evidence/canonical.ts'
import { policyOfVersion } from './active.ts'
import { artifactByDigest } from './artifacts.ts'
import { candidateRow } from './candidate-evidence.ts'
import { type ChangeToEvaluate, evaluateChange, type PolicyInReplay } from './evaluate.ts'
import { overForeign } from './ill-shaped.ts'
import type { Ports, Reading } from './ports.ts'
import { figuresOf } from './replay.ts'
import { type StoredReplay, storedReplay } from './stored-replay.ts'
import type { CandidateRow, ReplayRow } from './tables.ts'

/**
 * Re-derives the replay that holds for a candidate from the inputs it names, by the oracle unless told otherwise, and gives the
 * report when every field is the same. Needs no actor. Refuses audit_broken with the first field that differs, or where an
 * input is gone or altered, or the log knows no such replay.
 */
export const verifyReplay = (ports: Ports, request: VerifyRequest): Promise<Result<ReplayReport>> =>
  overForeign(
    () => derivedAnew(ports, request),
    cause =>
      refuse(
        'audit_broken',
        'the replay, or something it rests on, lacks what belongs in it',
        'run `quotey audit verify`, and do not decide or apply on this replay',
        { cause },
      ),
  )

interface VerifyRequest {
  readonly candidateId: CandidateId
  readonly engine?: ReplayEngine['name']
}

async function derivedAnew(ports: Ports, request: VerifyRequest): Promise<Result<ReplayReport>> {
  const read = await ports.store.read(async tx => {
    const candidate = await candidateRow(tx, request.candidateId)
    if (!candidate.ok) return candidate
    const stored = await storedReplay(tx, candidate.value)
    if (!stored.ok) return stored
    const foreign = objectionToInputs(candidate.value, stored.value.report)
    if (foreign !== null) return foreign
    const change = await changeNamedBy(tx, stored.value.report)
    if (!change.ok) return change
    const unfit = objectionToDiff(candidate.value, change.value)
    if (unfit !== null) return unfit
    return done({ ...stored.value, change: change.value, unlogged: await objectionOfLog(tx, stored.value) })
  })
  if (!read.ok) return read
  const { row, report, change, unlogged } = read.value
  const derived = await evaluateChange(ports, { ...change, engine: request.engine ?? 'oracle' })
  if (!derived.ok) return derived
  const same = sameReport(report, derived.value)
  if (!same.ok) return same
  const repeated = sameRow(row, derived.value)
  return repeated.ok && unlogged !== null ? unlogged : repeated
}

/** A replay may be right about inputs that were changed together with it; the log says which one was recorded. */
async function objectionOfLog(
  tx: Reading,
  { row, reportDigest }: StoredReplay,
): Promise<Result<never> | null> {
  const entries = await tx.find('policy_lifecycle_audit', {
    event_type: 'replay_completed',
    candidate_id: row.candidate_id,
  })
  const logged = entries.map(entry => JSON.parse(entry.event_payload_json) as Readonly<Record<string, Json>>)
  if (
    logged.some(
      ({ replay_checksum, report_digest }) =>
        replay_checksum === row.replay_checksum && report_digest === reportDigest,
    )
  )
    return null
  return refuse(
    'audit_broken',
    'the audit log recorded another replay than the one that stands here',
    'run `quotey audit verify`, and do not decide or apply on this replay',
    { recorded: logged.map(({ replay_checksum }) => replay_checksum ?? null), found: row.replay_checksum },
  )
}

/** The row that people query repeats some of the report, and may say otherwise. */
function sameRow(row: ReplayRow, report: ReplayReport): Result<ReplayReport> {
  const derived = figuresOf(report)
  const recorded = Object.fromEntries(
    Object.keys(derived).map(name => [name, row[name as keyof typeof derived]]),
  )
  const difference = firstDifference(recorded, derived, 'policy_replay_evaluation')
  return difference === null ? done(report) : differing(difference)
}

/** The report, or a refusal that names the first field that came out otherwise. */
export function sameReport(stored: ReplayReport, derived: ReplayReport): Result<ReplayReport> {
  const { replay_checksum: storedChecksum, ...storedFields } = stored
  const { replay_checksum: derivedChecksum, ...derivedFields } = derived
  const difference =
    firstDifference(storedFields as unknown as Json, derivedFields as unknown as Json) ??
    firstDifference(storedChecksum, derivedChecksum, 'replay_checksum')
  return difference === null ? done(derived) : differing(difference)
}

const differing = ({ field, stored, derived }: Difference): Result<never> =>
  refuse(
    'audit_broken',
    `the replay does not come out as recorded: \`${field}\` differs`,
    'run `quotey audit verify`, and do not decide or apply on this replay',
    { field, recorded: stored, derived },
  )

/** A report may be right about its inputs, and these not be the candidate's. */
function objectionToInputs(candidate: CandidateRow, { inputs }: ReplayReport): Result<never> | null {
  const own = {
    base_policy_version: candidate.base_policy_version,
    proposed_policy_version: candidate.proposed_policy_version,
    cohort_scope: JSON.parse(candidate.cohort_scope_json) as Json,
  }
  const { base_policy_version, proposed_policy_version, cohort_scope } = inputs
  const named = {
    base_policy_version,
    proposed_policy_version,
    cohort_scope: cohort_scope as unknown as Json,
  }
  const difference = firstDifference(named, own)
  return difference === null ? null : differing({ ...difference, field: `inputs.${difference.field}` })
}

/** The policies of a replay may be right, and the changes that people read as the candidate lead elsewhere. */
function objectionToDiff(
  { policy_diff_json }: CandidateRow,
  { base, candidate }: ChangeToEvaluate,
): Result<never> | null {
  const changed = applyDiffs(base.policy.document, JSON.parse(policy_diff_json) as readonly RuleDiff[])
  const proposed = candidate.policy.document as unknown as Json
  const difference = changed.ok ? firstDifference(changed.value as unknown as Json, proposed) : null
  if (changed.ok && difference === null) return null
  return refuse(
    'audit_broken',
    'the changes recorded of the candidate, `policy_diff_json`, do not make its policy out of its base',
    'run `quotey audit verify`, and do not decide or apply on this replay',
    changed.ok
      ? {
          field: `policy_diff_json, ${difference?.field}`,
          recorded: difference?.stored ?? null,
          derived: difference?.derived ?? null,
        }
      : { field: 'policy_diff_json', why: changed.refusal.message },
  )
}

/** The inputs of a report, read by the digests that it names. */
async function changeNamedBy(tx: Reading, report: ReplayReport): Promise<Result<ChangeToEvaluate>> {
  const { inputs } = report
  const base = await policyNamed(tx, inputs.base_policy_version, inputs.base_policy_digest)
  if (!base.ok) return base
  const candidate = await policyNamed(tx, inputs.proposed_policy_version, inputs.proposed_policy_digest)
  if (!candidate.ok) return candidate
  const model = inputs.model_digest === null ? null : await artifactByDigest(tx, inputs.model_digest)
  if (model !== null && !model.ok) return model
  const thresholds = await thresholdsNamed(tx, inputs.thresholds_digest)
  if (!thresholds.ok) return thresholds
  return done({
    candidateId: report.candidate_id,
    base: base.value,
    candidate: candidate.value,
    snapshotDigest: inputs.snapshot_digest,
    scope: inputs.cohort_scope,
    model:
      model === null || inputs.model_digest === null
        ? null
        : { digest: inputs.model_digest, model: model.value as unknown as ResponseModel },
    thresholds: { digest: inputs.thresholds_digest, thresholds: thresholds.value },
  })
}

async function policyNamed(
  tx: Reading,
  version: PolicyVersion | null,
  digest: Digest,
): Promise<Result<PolicyInReplay>> {
  const row = version === null ? null : await tx.last('policy_version', { version })
  if (version === null || row === null || row.policy_digest !== digest) {
    return missing(`policy version \`${version}\``, digest)
  }
  return done(await policyOfVersion(tx, version))
}

async function thresholdsNamed(tx: Reading, digest: Digest): Promise<Result<Thresholds>> {
  const row = await tx.last('thresholds_version', { digest })
  if (row === null || digestOfText(row.document_json) !== digest) return missing('the thresholds', digest)
  return done(JSON.parse(row.document_json) as Thresholds)
}

const missing = (what: string, digest: Digest) =>
  refuse('audit_broken', `${what} of this replay is gone or altered`, 'run `quotey audit verify`', { digest })
