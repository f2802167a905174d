import type { AttackCase } from '../domain/attack.ts'
import { scanForAttacks } from '../domain/attack-scan.ts'
import { withChanges } from '../domain/candidate-union.ts'
import type { CorpusScene } from '../domain/corpus-case.ts'
import { corpusQuotes } from '../domain/corpus-history.ts'
import { judgeGuardrails } from '../domain/guardrails.ts'
import type { CheckedPolicy, PolicyDocument, Rule, RuleDiff } from '../domain/policy.ts'
import { checkPolicy } from '../domain/policy-check.ts'
import type { QuoteColumns } from '../domain/quote.ts'
import { columnsOfQuotes } from '../domain/quotes-as-columns.ts'
import { ENGINE_VERSION, type ReplayEngine, type ReplaySums, WHOLE_SNAPSHOT } from '../domain/replay.ts'
import { replayFindings } from '../domain/replay-findings.ts'
import { replayIntervals } from '../domain/replay-measures.ts'
import type { ReplayReport } from '../domain/replay-report.ts'
import type { ResponseModel } from '../domain/response.ts'
import { fitResponse } from '../domain/response-fit.ts'
import { DEFAULT_THRESHOLDS, type Thresholds } from '../domain/thresholds.ts'
import type { Digest, Json } from '../domain/units.ts'
import { digestOf } from '../evidence/canonical.ts'
import { replayChecksum } from '../evidence/replay-checksum.ts'
import { snapshotDigest } from '../evidence/snapshot-digest.ts'
import { replayUnions } from './candidate-unions.ts'

const CANDIDATE = 'cand_attacked'

/** Material that a report is made of. */
interface Material {
  readonly base: CheckedPolicy
  readonly candidate: CheckedPolicy
  readonly columns: QuoteColumns
  readonly model: ResponseModel | null
  readonly thresholds: Thresholds
}

/** A scene as the attacks see it: quotes logged under the base, a report by the engine, the digests in force. Throws on a bad case. */
export async function attackCaseOf(engine: ReplayEngine, scene: CorpusScene): Promise<AttackCase> {
  const own = materialOf(scene)
  const { candidate_id, engine_version, ...parts } = scene.report_of
  const reported = Object.keys(parts).length === 0 ? own : materialOf({ ...scene, ...parts })
  const report = await reportOf(engine, reported, candidate_id ?? CANDIDATE, engine_version ?? ENGINE_VERSION)
  return {
    candidateId: CANDIDATE,
    base: own.base,
    candidate: own.candidate,
    report,
    scan: scanForAttacks(own.columns, WHOLE_SNAPSHOT, own.base, own.candidate, own.thresholds),
    thresholds: own.thresholds,
    thinSegments: own.model?.thin_segments ?? [],
    current: { engine_version: ENGINE_VERSION, ...digestsOf(own) },
    unions: await unionsIn(engine, scene, own, report),
  }
}

function materialOf(
  scene: Pick<CorpusScene, 'base' | 'diff' | 'history' | 'thresholds' | 'model'>,
): Material {
  const base = policyOf(scene.base)
  const columns = columnsOfQuotes(corpusQuotes(scene.history, base))
  const thresholds = mergedThresholds(scene.thresholds)
  const fit = scene.model === 'fitted' ? fitResponse(columns, fitOptions(thresholds)) : null
  if (fit?.kind === 'unfittable') throw new Error(`no model can be fitted: ${fit.reason}`)
  const candidate = changedBy(base.document, scene.diff)
  return { base, candidate, columns, thresholds, model: fit?.model ?? null }
}

const fitOptions = ({ evidence }: Thresholds) => ({
  thinSegmentQuotes: evidence.thin_segment_quotes,
  sensitivityOffsetShare: evidence.sensitivity_offset_share,
  protectedAttributes: evidence.protected_attributes,
})

function policyOf(rules: readonly Rule[]): CheckedPolicy {
  const checked = checkPolicy({ schema: 'clo_policy.v1', name: 'attacked', rules })
  if (!checked.ok) throw new Error(JSON.stringify(checked.refusal.facts))
  return checked.value
}

function changedBy(document: PolicyDocument, ruleDiffs: readonly RuleDiff[]): CheckedPolicy {
  const changed = withChanges(document, [{ candidateId: CANDIDATE, ruleDiffs, blocks: [] }])
  if (changed === null) throw new Error(`the diff does not fit the base: ${JSON.stringify(ruleDiffs)}`)
  return changed
}

/** The default thresholds with the limits that a case names, part by part. */
const mergedThresholds = (named: Readonly<Record<string, unknown>>): Thresholds =>
  merged(DEFAULT_THRESHOLDS as unknown as Json, named as Json) as unknown as Thresholds

function merged(whole: Json, named: Json): Json {
  if (!isPlain(whole) || !isPlain(named)) return named
  const entries = Object.entries(named).map(([name, value]) => {
    if (!Object.hasOwn(whole, name)) throw new Error(`the thresholds have no \`${name}\``)
    return [name, merged(whole[name] as Json, value)] as const
  })
  return { ...whole, ...Object.fromEntries(entries) }
}

const isPlain = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const digestsOf = (material: Material) => ({
  base_policy_digest: digestOf(material.base.document as unknown as Json),
  proposed_policy_digest: digestOf(material.candidate.document as unknown as Json),
  snapshot_digest: snapshotDigest(material.columns),
  model_digest: material.model === null ? null : digestOf(material.model as unknown as Json),
  thresholds_digest: digestOf(material.thresholds as unknown as Json),
})

async function reportOf(
  engine: ReplayEngine,
  material: Material,
  candidateId: string,
  engineVersion: string,
): Promise<ReplayReport> {
  const digests = digestsOf(material)
  const sums = await sumsOf(engine, material, material.candidate, digests.snapshot_digest)
  const findings = replayFindings({
    ...material,
    candidateId,
    inputs: {
      base_policy_version: 1,
      proposed_policy_version: 2,
      cohort_scope: WHOLE_SNAPSHOT,
      ...digests,
    },
    sums,
    deterministicPass: true,
  })
  const named = { ...findings, engine_version: engineVersion }
  return { ...named, replay_checksum: replayChecksum(named) }
}

async function sumsOf(
  engine: ReplayEngine,
  { base, columns, model }: Material,
  candidate: CheckedPolicy,
  snapshot: Digest,
): Promise<ReplaySums> {
  const task = {
    snapshotDigest: snapshot,
    columns,
    base,
    candidates: [candidate],
    scope: WHOLE_SNAPSHOT,
    model,
  }
  const [sums] = await engine.evaluate(task)
  if (sums === undefined) throw new Error('the engine gave no sums')
  return sums
}

async function unionsIn(engine: ReplayEngine, scene: CorpusScene, own: Material, report: ReplayReport) {
  if (scene.others.length === 0) return []
  const { snapshot_digest: snapshotDigest } = report.inputs
  const blocksAlone = async (diff: readonly RuleDiff[]): Promise<readonly string[]> => {
    const sums = await sumsOf(engine, own, changedBy(own.base.document, diff), snapshotDigest)
    return judgeGuardrails(replayIntervals(sums, own.model), own.thresholds.guardrails).blocks.map(
      block => block.code,
    )
  }
  const others = await Promise.all(
    scene.others.map(async ({ candidate_id, diff }) => ({
      candidateId: candidate_id,
      ruleDiffs: diff,
      blocks: await blocksAlone(diff),
    })),
  )
  const ground = {
    snapshotDigest,
    columns: own.columns,
    base: own.base,
    scope: WHOLE_SNAPSHOT,
    model: own.model,
  }
  const stacked = { proposed: own.candidate, own: report.guardrails.blocks.map(block => block.code) }
  return replayUnions(engine, ground, own.thresholds, stacked, others)
}
