import { type Quote, quoteAt } from '../domain/quote.ts'
import type { SliceSums } from '../domain/replay.ts'
import { MARGIN_DELTA_BINS, type ReplayEngine, type ReplaySums, type ReplayTask } from '../domain/replay.ts'
import { SLOPE_SHIFTS } from '../domain/response.ts'
import { winPpm } from '../domain/response-score.ts'
import { type OracleDecision, type OracleRule, oracleDecision, oracleRules } from './oracle/decision.ts'
import { type Evidence, evidenceOf, isInScope, supportOf, worstWin } from './oracle/evidence.ts'
import { closedTally, emptyTally, type Mutable, sliceOf, type Tally } from './oracle/tally.ts'

/**
 * The engine for trust: row by row, one candidate after the other, conditions through the CEL library's interpreter, all
 * arithmetic in wide integers written from the design. It shares no line of deciding or summing with the other engines.
 */
export function oracleEngine(): ReplayEngine {
  return {
    name: 'oracle',
    evaluate: async (task, progress) =>
      task.candidates.map((candidate, at) => {
        const sums = replayOne(task, oracleRules(task.base), oracleRules(candidate))
        progress?.(at + 1, task.candidates.length)
        return sums
      }),
    close: async () => undefined,
  }
}

function replayOne(
  task: ReplayTask,
  base: readonly OracleRule[],
  candidate: readonly OracleRule[],
): ReplaySums {
  const evidence = evidenceOf(task.columns)
  const tally = emptyTally(task.model === null ? null : task.model.fits.length, evidence.latencies !== null)
  for (let row = 0; row < task.columns.rows; row += 1) {
    const quote = quoteAt(task.columns, row)
    if (!isInScope(task.scope, quote)) continue
    tally.in_scope += 1
    if (quote.outcome === 'open') {
      tally.open += 1
      continue
    }
    const before = oracleDecision(base, quote)
    const after = oracleDecision(candidate, quote)
    if (before.kind === 'not_replayable') tally.not_replayable_base += 1
    if (before.kind === 'decided' && after.kind === 'decided') {
      addScored(tally, task, evidence, {
        quote,
        row,
        group: task.columns.group[row] as number,
        before,
        after,
      })
      continue
    }
    const reasons = [before, after].flatMap(each => (each.kind === 'not_replayable' ? [each.reason] : []))
    tally.not_replayable[reasons.includes('attribute_absent') ? 'attribute_absent' : 'cost_absent'] += 1
  }
  return closedTally(tally)
}

/** A scored quote under both policies. */
interface Pair {
  readonly quote: Quote
  readonly row: number
  readonly group: number
  readonly before: OracleDecision
  readonly after: OracleDecision
}

function addScored(tally: Tally, task: ReplayTask, evidence: Evidence, pair: Pair): void {
  const { quote, before, after } = pair
  const support = supportOf(evidence, quote, after)
  tally.scored += 1
  tally.support[support] += 1
  tally.value += before.net
  addToGroup(tally, evidence, pair)

  const impacted = isImpacted(before, after)
  const marginDelta = before.margin === null ? null : Number((after.margin as bigint) - before.margin)
  if (marginDelta !== null) tally.histogram[binOf(marginDelta)] += 1
  const response = addToFits(tally, task, pair, support === 'extrapolated' && impacted)
  const expected = response?.expected ?? profitDelta(before, after)
  if (expected !== 0n) tally.movers.push({ row: pair.row, quoteId: quote.quoteId, delta: expected })

  const withModel = task.model !== null
  const slices = [
    sliceOf(tally.segments, quote.segment, withModel),
    sliceOf(tally.regions, quote.region, withModel),
    ...(impacted ? changedRuleIds(before, after).map(id => sliceOf(tally.rules, id, withModel)) : []),
  ]
  for (const slice of slices) addToSlice(slice, pair, impacted, marginDelta, response)
  if (!impacted) return
  const cohort = `${quote.segment}/${quote.region}`
  tally.cohorts.set(cohort, (tally.cohorts.get(cohort) ?? 0) + 1)
  tally.impacted += 1
  tally.impactedValue += before.net
  tally.clusters.add(quote.cluster)
  if (task.model?.thin_segments.includes(quote.segment)) tally.impactedThin += 1
}

function addToGroup(tally: Tally, evidence: Evidence, { quote, group, before, after }: Pair): void {
  const sums = tally.groups[group] as Tally['groups'][number]
  sums.scored += 1
  sums.base_net_cents += before.net
  sums.candidate_net_cents += after.net
  if (before.profit !== null && after.profit !== null) {
    sums.with_cost += 1
    sums.margin_bps_delta += Number((after.margin as bigint) - (before.margin as bigint))
    sums.base_profit_cents += before.profit
    sums.candidate_profit_cents += after.profit
    sums.base_net_with_cost_cents += before.net
    sums.candidate_net_with_cost_cents += after.net
  }
  sums.base_approvals += Number(before.approval)
  sums.candidate_approvals += Number(after.approval)
  sums.base_violations += before.violations.size
  sums.candidate_violations += after.violations.size
  if (before.approval && !after.approval) sums.approval_lost_value_cents += before.net
  if (sums.latency_delta_seconds !== null && evidence.latencies !== null) {
    const latency = evidence.latencies.bySegment.get(quote.segment) ?? evidence.latencies.overall
    sums.latency_delta_seconds += (Number(after.approval) - Number(before.approval)) * latency
  }
}

/** Adds to every fit and slope; gives back the full fit at the point slope, null without a model. */
function addToFits(
  tally: Tally,
  { model }: ReplayTask,
  { quote, before, after }: Pair,
  atWorst: boolean,
): { readonly win: bigint; readonly expected: bigint | null } | null {
  if (model === null || tally.response === null) return null
  const offers = { before: offerOf(before), after: offerOf(after) }
  for (const [fit, sums] of tally.response.entries()) {
    for (const shift of SLOPE_SHIFTS) {
      const was = BigInt(winPpm(model, fit, shift, quote, offers.before))
      const will = BigInt(winPpm(model, fit, shift, quote, offers.after))
      sums.win_ppm_delta[shift] += will - was
      if (before.profit === null || after.profit === null) continue
      sums.expected_delta[shift] += will * after.profit - was * before.profit
      const worst = atWorst ? worstWin(before, after, was) : will
      sums.worst_case_expected_delta[shift] += worst * after.profit - was * before.profit
    }
  }
  const was = BigInt(winPpm(model, 0, 'point', quote, offers.before))
  const will = BigInt(winPpm(model, 0, 'point', quote, offers.after))
  const expected =
    before.profit === null || after.profit === null ? null : will * after.profit - was * before.profit
  return { win: will - was, expected }
}

const offerOf = (decision: OracleDecision) => ({
  grantedDiscountBps: Number(decision.granted),
  approvalRequired: decision.approval,
})

function addToSlice(
  slice: Mutable<SliceSums>,
  { before, after }: Pair,
  impacted: boolean,
  marginDelta: number | null,
  response: { readonly win: bigint; readonly expected: bigint | null } | null,
): void {
  slice.scored += 1
  slice.impacted += Number(impacted)
  if (marginDelta !== null) {
    slice.with_cost += 1
    slice.margin_bps_delta += marginDelta
  }
  slice.approvals_delta += Number(after.approval) - Number(before.approval)
  slice.violations_delta += after.violations.size - before.violations.size
  if (response === null || slice.win_ppm_delta === null || slice.expected_delta === null) return
  slice.win_ppm_delta += response.win
  slice.expected_delta += response.expected ?? 0n
}

const isImpacted = (before: OracleDecision, after: OracleDecision): boolean =>
  before.granted !== after.granted ||
  before.approval !== after.approval ||
  !haveSameMembers(before.approvers, after.approvers) ||
  !haveSameMembers(before.violations, after.violations)

const haveSameMembers = (left: ReadonlySet<string>, right: ReadonlySet<string>): boolean =>
  left.size === right.size && [...left].every(member => right.has(member))

function changedRuleIds(before: OracleDecision, after: OracleDecision): readonly string[] {
  return [...new Set([...before.effects.keys(), ...after.effects.keys()])].filter(id => {
    const was = before.effects.get(id)
    const is = after.effects.get(id)
    const bound =
      before.granted !== after.granted && (was === `cap ${before.granted}` || is === `cap ${after.granted}`)
    const others = [was, is].some(effect => effect !== undefined && !effect.startsWith('cap '))
    return was !== is && (bound || others)
  })
}

/** Number of the first bin whose upper bound is not below the delta. */
const binOf = (marginDelta: number): number => {
  const bin = MARGIN_DELTA_BINS.findIndex(upper => marginDelta <= upper)
  return bin < 0 ? MARGIN_DELTA_BINS.length : bin
}

const profitDelta = (before: OracleDecision, after: OracleDecision): bigint =>
  before.profit === null || after.profit === null ? 0n : after.profit - before.profit
