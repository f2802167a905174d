import { decimalsOf } from '../../domain/money-text.ts'
import { rejectReasonText } from '../../domain/quote-file-account.ts'
import { done, type Result } from '../../domain/refusal.ts'
import type { Digest } from '../../domain/units.ts'
import { activePolicy } from '../../loop/active.ts'
import { applyCandidate } from '../../loop/apply.ts'
import { verifyAudit } from '../../loop/audit.ts'
import { importHistory } from '../../loop/history.ts'
import { auditHistory } from '../../loop/history-audit.ts'
import { recordKpiSummary } from '../../loop/kpi.ts'
import { kpiHistory } from '../../loop/kpi-history.ts'
import type { Ports } from '../../loop/ports.ts'
import { propose } from '../../loop/propose.ts'
import type { ReportedHistory, RunReport } from '../report/run-report.ts'
import { timelineOf } from '../report/timeline.ts'
import { rehearseAndTakeBack, watchOutcomes } from './after-apply.ts'
import type { Findings } from './findings.ts'
import { type Ground, quotesOf } from './ground.ts'
import type { Narrator } from './narrator.ts'
import { addPeople, PEOPLE } from './people.ts'
import { reviewChange } from './review-change.ts'

/**
 * Turns the loop once in a fresh installation as three people: import, audit of fitness, proposal, replay, packet, decision,
 * apply, monitoring, KPIs, drill, rollback, verification. A history that supports no proposal ends the run early and well;
 * any other refusal is passed on.
 */
export async function turnLoop(
  ports: Ports,
  ground: Ground,
  folder: string,
  narrator: Narrator,
): Promise<Result<RunReport>> {
  const found = await firstFindings(ports, ground, folder, narrator)
  if (!found.ok) return found
  const findings = found.value
  const proposed = await proposeChange(ports, findings, narrator)
  if (!proposed.ok) return proposed
  if (findings.candidate_id !== null) {
    const turned = await governChange(ports, ground, folder, findings, narrator)
    if (!turned.ok) return turned
  }
  return closeRun(ports, findings, narrator)
}

const rejectsOf = (reasons: ReportedHistory['reject_reasons']): string =>
  reasons.length === 0 ? '' : `; rejected: ${reasons.map(rejectReasonText).join(', ')}`

async function firstFindings(
  ports: Ports,
  ground: Ground,
  folder: string,
  narrator: Narrator,
): Promise<Result<Findings>> {
  const people = await narrator.step(
    'people',
    () => addPeople(ports),
    made => `${made} people, a key each`,
  )
  if (!people.ok) return people
  const source = await quotesOf(ground, folder, ports)
  if (!source.ok) return source
  const { path, map, name } = source.value
  const imported = await narrator.step(
    'import',
    () => importHistory(ports, { path, map, rejectsMax: null }),
    made =>
      `${made.accepted} of ${made.rows} rows: ${made.won} won, ${made.lost} lost, ${made.open} open${rejectsOf(made.reject_reasons)}`,
  )
  if (!imported.ok) return imported
  const history = imported.value
  const fitness = await narrator.step(
    'fitness',
    () => auditHistory(ports, { snapshot: history.snapshot_id }),
    audit => [audit.verdict, ...audit.findings.map(finding => finding.code)].join(' · '),
  )
  if (!fitness.ok) return fitness
  const policy = await ports.store.read(activePolicy)
  return done({
    ...NOTHING_YET,
    policy_name: policy.document.name,
    generated_at: ports.clock.now(),
    currency: currencyOf(history.currency),
    history: { ...history, source: name, simulated: ground.history === null },
    fitness: fitness.value,
    digests: [
      { name: 'history snapshot', digest: history.digest },
      { name: 'policy in force', digest: policy.digest },
    ],
  })
}

const currencyOf = (code: string): RunReport['currency'] => ({
  code: code.toUpperCase(),
  minorUnit: decimalsOf(code),
})

const NOTHING_YET = {
  proposal: null,
  candidate_id: null,
  stopped: null,
  replay: null,
  packet: null,
  response: null,
  timeline: [],
  monitoring: null,
  drill: null,
  rollback: null,
  kpi: null,
  kpi_history: [],
  audit: null,
} as const

/** An unfit history is an answer, and so is a search that proves nothing. */
async function proposeChange(ports: Ports, findings: Findings, narrator: Narrator): Promise<Result<null>> {
  const proposed = await narrator.step(
    'propose',
    () =>
      propose(ports, {
        actorId: PEOPLE.proposer,
        snapshot: findings.history.snapshot_id,
        fromDiff: null,
        revertApply: null,
      }),
    made =>
      made.candidates.length === 0
        ? `no change can be proven (${made.searched} searched)`
        : `${made.candidates.length} proven candidates out of ${made.searched} settings searched`,
  )
  if (!proposed.ok && proposed.refusal.code !== 'unfit_history') return proposed
  if (!proposed.ok) {
    findings.stopped = proposed.refusal
    return done(null)
  }
  findings.proposal = proposed.value
  findings.candidate_id = proposed.value.candidates[0]?.candidate_id ?? null
  return done(null)
}

async function governChange(
  ports: Ports,
  ground: Ground,
  folder: string,
  findings: Findings,
  narrator: Narrator,
): Promise<Result<null>> {
  const candidateId = findings.candidate_id as string
  const reviewed = await reviewChange(ports, candidateId, findings, narrator)
  if (!reviewed.ok) return reviewed
  const applied = await narrator.step(
    'apply',
    () => applyCandidate(ports, { actorId: PEOPLE.owner, candidateId }),
    made => `version ${made.activation.policy_version} is active under epoch ${made.activation.epoch}`,
  )
  if (!applied.ok) return applied
  if (ground.history === null) {
    const watched = await watchOutcomes(ports, ground, folder, findings, narrator)
    if (!watched.ok) return watched
  } else narrator.note('monitor', 'no outcomes under the new version yet; `policy-opt monitor` takes them in')
  return rehearseAndTakeBack(ports, applied.value.apply_record.id, findings, narrator)
}

/** A month of daily snapshots. */
const KPI_SNAPSHOTS_SHOWN = 30

async function closeRun(ports: Ports, findings: Findings, narrator: Narrator): Promise<Result<RunReport>> {
  const kpi = await narrator.step(
    'kpi',
    () => recordKpiSummary(ports, { actorId: PEOPLE.proposer, length: '30d', from: null, to: null }),
    row => `${row.applied_candidate_count} applied, alerts: ${row.alert_reason_codes || 'none'}`,
  )
  if (!kpi.ok) return kpi
  const recorded = await kpiHistory(ports, KPI_SNAPSHOTS_SHOWN)
  if (!recorded.ok) return recorded
  const audit = await narrator.step(
    'audit',
    () => verifyAudit(ports, null),
    report =>
      `${report.entries} entries, ${report.ok ? 'nothing was altered' : `${report.findings.length} findings`}`,
  )
  if (!audit.ok) return audit
  const log = await ports.store.read(tx => tx.find('policy_lifecycle_audit'))
  return done({
    ...findings,
    kpi: kpi.value,
    kpi_history: recorded.value.snapshots,
    audit: audit.value,
    timeline: timelineOf(log),
    digests: [...findings.digests, ...digestsOf(findings)],
  })
}

function digestsOf({ packet, replay }: Findings): RunReport['digests'] {
  if (packet === null || replay === null) return []
  const inputs = Object.entries(packet.inputs).map(([name, digest]) => ({ name, digest: digest as Digest }))
  return [
    { name: 'replay checksum', digest: replay.replay_checksum },
    ...inputs,
    { name: 'packet', digest: packet.packet_id },
  ]
}
