import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { judgeGuardrails } from '../../src/domain/guardrails.ts'
import { LoggedSupport } from '../../src/domain/logged-support.ts'
import type { MarketTruth } from '../../src/domain/market-truth.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import type { Quote, QuoteColumns } from '../../src/domain/quote.ts'
import { type ReplaySums, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { replayIntervals } from '../../src/domain/replay-measures.ts'
import { fitLogistic, solvePositive } from '../../src/domain/ridge-logistic.ts'
import { oneSidedLevel, studentTQuantile } from '../../src/domain/student-t.ts'
import { worstWinPpm } from '../../src/domain/support.ts'
import type { Thresholds } from '../../src/domain/thresholds.ts'
import { currentSetting, tunablesOf, valuesAround } from '../../src/domain/tunables.ts'
import { policyAt } from './best.ts'
import { decidedOn, type KnownQuote, type TruthLedger } from './ledger.ts'

/** Quotes over which a gain is averaged; the coefficients rest on all of them. */
const QUOTES_JUDGED = 2500
/** Degrees of freedom from which Student's t is the normal distribution for all that matters here. */
const NORMAL = 1000

interface InformedFit {
  readonly coefficients: Float64Array
  readonly variance: Float64Array
}

/** What the analyst proves: some change at 95% taken by itself, and at 95% given that every parameter was looked at. */
export interface AnalystProof {
  readonly alone: boolean
  readonly jointly: boolean
}

/**
 * Whether an analyst who knows the form of the response and sees every confounder proves an improvement, under the same
 * guardrails and the same support rule (thin segments, the share of unseen decisions, and their worst case): some change of one
 * parameter that truly gains has a lower limit above zero. Maximum likelihood with the clustered sandwich variance (Liang
 * and Zeger 1986), gains by the delta method. Jointly: at the level at which the product must prove it (`oneSidedLevel`);
 * a change that passes at 0.05 out of a hundred looked at is proven for nobody who looked at the hundred.
 */
export async function analystProves(
  truth: MarketTruth,
  base: CheckedPolicy,
  columns: QuoteColumns,
  ledger: TruthLedger,
  thresholds: Thresholds,
): Promise<AnalystProof> {
  const fit = informedFit(truth, ledger.known)
  const tunables = tunablesOf(base.document)
  const current = currentSetting(tunables)
  const candidates = tunables.flatMap((tunable, at) =>
    valuesAround(tunable, tunable.current, 16, true).map(value => policyAt(base, current.with(at, value))),
  )
  const engine = columnarEngine()
  const replayed = await engine.evaluate({
    snapshotDigest: 'sha256:simulated',
    columns,
    base,
    candidates,
    scope: WHOLE_SNAPSHOT,
    model: null,
  })
  await engine.close()
  const thin = thinSegments(ledger, thresholds)
  const support = new LoggedSupport(columns)
  const step = Math.max(1, Math.floor(ledger.known.length / QUOTES_JUDGED))
  const sample = ledger.known.filter((_, at) => at % step === 0)
  const proven = candidates.flatMap((candidate, at) =>
    mayBeProposed(replayed[at] as ReplaySums, thin, thresholds) && ledger.delta(base, candidate) > 0
      ? (gainInErrors(truth, base, candidate, sample, support, fit, thresholds) ?? [])
      : [],
  )
  const most = Math.max(Number.NEGATIVE_INFINITY, ...proven)
  return {
    alone: most > studentTQuantile(0.95, NORMAL),
    jointly: most > studentTQuantile(1 - oneSidedLevel(tunables.length), NORMAL),
  }
}

/** Segments with too few closed quotes. */
export function thinSegments({ known }: TruthLedger, thresholds: Thresholds): readonly string[] {
  return [...Map.groupBy(known, ({ quote }) => quote.segment)].flatMap(([segment, members]) =>
    members.length < thresholds.evidence.thin_segment_quotes ? [segment] : [],
  )
}

/** The guardrails that need no model, thin segments, and the share of unseen decisions. */
export function mayBeProposed(sums: ReplaySums, thin: readonly string[], thresholds: Thresholds): boolean {
  const { blocks } = judgeGuardrails(replayIntervals(sums, null), thresholds.guardrails)
  const extrapolatedBps = (sums.support.extrapolated * 10_000) / Math.max(1, sums.scored)
  return (
    sums.impacted > 0 &&
    blocks.every(({ code }) => code === 'win_rate_delta_too_low_unknown') &&
    thin.every(segment => (sums.by_segment[segment]?.impacted ?? 0) === 0) &&
    extrapolatedBps <= thresholds.attacks.extrapolation.max_extrapolated_share_bps
  )
}

/** The gain over its standard error, unseen decisions at their worst; null where the win rate may fall too far. */
function gainInErrors(
  truth: MarketTruth,
  base: CheckedPolicy,
  candidate: CheckedPolicy,
  sample: readonly KnownQuote[],
  support: LoggedSupport,
  { coefficients, variance }: InformedFit,
  thresholds: Thresholds,
): number | null {
  const size = coefficients.length
  const gain = { value: 0, gradient: new Float64Array(size) }
  const wins = { value: 0, gradient: new Float64Array(size) }
  for (const known of sample) {
    const before = decidedOn(base, known.quote)
    const after = decidedOn(candidate, known.quote)
    if (
      before.grantedDiscountBps === after.grantedDiscountBps &&
      before.approvalRequired === after.approvalRequired
    )
      continue
    const profits = [before, after].map(({ netCents }) => netCents - (known.quote.costCents ?? 0)) as [
      number,
      number,
    ]
    const worst = support.isExtrapolated(known.quote, before, after)
      ? worstWinPpm(before, after, profits[1])
      : MODELLED
    const add = (of: typeof gain, decision: Decision, worth: number): void => {
      const features = featuresOf(truth, known, decision.grantedDiscountBps, decision.approvalRequired)
      const eta = features.reduce((sum, [at, x]) => sum + x * (coefficients[at] as number), 0)
      const win = 1 / (1 + Math.exp(-eta))
      of.value += (worth * win) / sample.length
      for (const [at, x] of features) {
        of.gradient[at] = (of.gradient[at] as number) + (worth * win * (1 - win) * x) / sample.length
      }
    }
    add(wins, after, 10_000)
    add(wins, before, -10_000)
    add(gain, before, -profits[0])
    if (worst === MODELLED) add(gain, after, profits[1])
    else if (worst === null) add(gain, before, profits[1])
    else gain.value += (profits[1] * worst) / 1_000_000 / sample.length
  }
  const errorOf = (gradient: Float64Array): number => Math.sqrt(quadratic(variance, gradient))
  const winsLower = wins.value - studentTQuantile(0.975, NORMAL) * errorOf(wins.gradient)
  if (winsLower < thresholds.guardrails.min_win_rate_delta_bps) return null
  const error = errorOf(gain.gradient)
  return error > 0 ? gain.value / error : null
}

/** Coefficient positions and values of the true form: segment, region, family, channel, size, slope by segment, approval, hidden. */
function featuresOf(
  { world }: MarketTruth,
  { quote, unrecorded }: KnownQuote,
  grantedBps: number,
  approval: boolean,
): readonly (readonly [number, number])[] {
  const at = (of: readonly { readonly name: string }[], name: string): number =>
    of.findIndex(entry => entry.name === name)
  const [k, r, f, c] = [world.segments, world.regions, world.families, world.channels].map(
    of => of.length,
  ) as [number, number, number, number]
  const segment = at(world.segments, quote.segment)
  const { list_median_cents = 1, list_log_sd_thousandths = 1 } = world.segments[segment] ?? {}
  const rest = k + r + f + c
  return [
    [segment, 1],
    [k + at(world.regions, quote.region), 1],
    [k + r + at(world.families, quote.productFamily), 1],
    [k + r + f + at(world.channels, String(quote.attributes.channel)), 1],
    [rest, Math.log(quote.listCents / list_median_cents) / (list_log_sd_thousandths / 1000)],
    [rest + 1, approval ? 1 : 0],
    [rest + 2, unrecorded.hidden],
    [rest + 3 + segment, grantedBps / 1000],
  ]
}

const FEATURES = 8
const MODELLED = 'modelled'

function informedFit(truth: MarketTruth, known: readonly KnownQuote[]): InformedFit {
  const { world } = truth
  const size =
    2 * world.segments.length + world.regions.length + world.families.length + world.channels.length + 3
  const features = known.map(entry =>
    featuresOf(truth, entry, entry.quote.grantedDiscountBps, entry.quote.approvalRequired === true),
  )
  const design = {
    rows: known.length,
    width: FEATURES,
    coefficients: size,
    index: Int32Array.from(features.flatMap(row => row.map(([at]) => at))),
    weight: Float64Array.from(features.flatMap(row => row.map(([, x]) => x))),
  }
  const counts = {
    quotes: new Float64Array(known.length).fill(1),
    wins: Float64Array.from(known, ({ quote }) => Number(won(quote))),
  }
  // Levels add up to the constant; a trace of ridge picks one of the equal solutions.
  const penalty = new Float64Array(size).fill(1e-3)
  const coefficients = fitLogistic(design, counts, penalty, new Float64Array(size))
  return { coefficients, variance: sandwich(known, features, coefficients, penalty) }
}

const won = (quote: Quote): boolean => quote.outcome === 'won'

/** H^-1 (sum over clusters of score score') H^-1. */
function sandwich(
  known: readonly KnownQuote[],
  features: readonly (readonly (readonly [number, number])[])[],
  coefficients: Float64Array,
  penalty: Float64Array,
): Float64Array {
  const size = coefficients.length
  const curvature = new Float64Array(size * size)
  for (let at = 0; at < size; at += 1) curvature[at * size + at] = penalty[at] as number
  const scores = new Map<string, Float64Array>()
  for (const [row, { quote }] of known.entries()) {
    const entries = features[row] ?? []
    const eta = entries.reduce((sum, [at, x]) => sum + x * (coefficients[at] as number), 0)
    const win = 1 / (1 + Math.exp(-eta))
    const score = scores.get(quote.cluster) ?? new Float64Array(size)
    scores.set(quote.cluster, score)
    for (const [i, x] of entries) {
      score[i] = (score[i] as number) + x * (Number(won(quote)) - win)
      for (const [j, y] of entries) {
        curvature[i * size + j] = (curvature[i * size + j] as number) + win * (1 - win) * x * y
      }
    }
  }
  const meat = new Float64Array(size * size)
  for (const score of scores.values()) {
    const solved = solvePositive(curvature, score)
    for (let i = 0; i < size; i += 1) {
      for (let j = 0; j < size; j += 1) {
        meat[i * size + j] = (meat[i * size + j] as number) + (solved[i] as number) * (solved[j] as number)
      }
    }
  }
  return meat
}

function quadratic(matrix: Float64Array, vector: Float64Array): number {
  let sum = 0
  for (let i = 0; i < vector.length; i += 1) {
    for (let j = 0; j < vector.length; j += 1) {
      sum += (vector[i] as number) * (matrix[i * vector.length + j] as number) * (vector[j] as number)
    }
  }
  return sum
}
