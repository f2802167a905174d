import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { auditFitness } from '../../src/domain/fitness.ts'
import { simulateQuotes } from '../../src/domain/market.ts'
import { RandomStream } from '../../src/domain/market-random.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import { proposalFigures } from '../../src/domain/proposal-figures.ts'
import type { Quote } from '../../src/domain/quote.ts'
import { fitResponse } from '../../src/domain/response-fit.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { currentSetting, type Setting, tunablesOf, valuesAround } from '../../src/domain/tunables.ts'
import { optimise, type ReplayGround, replay } from '../../src/loop/optimise.ts'
import { columnsOfQuotes } from '../../test/support/quote-columns.ts'
import { type AnalystProof, analystProves, mayBeProposed, thinSegments } from './analyst.ts'
import { bestByTruth, type Permits, policyAt } from './best.ts'
import type { WorldCase } from './family.ts'
import { furtherLedger, TruthLedger } from './ledger.ts'

/** A change with the range that is printed for it and its true gain, cents a quote. */
export interface JudgedChange {
  readonly delta: number
  readonly point: number | null
  readonly lower: number | null
  readonly upper: number | null
}

/** What the product did in one world, and what it would really have done. One line of JSON. */
export interface WorldResult {
  readonly number: number
  readonly kind: WorldCase['kind']
  readonly quotes: number
  readonly hidden: number
  readonly breach: WorldCase['breach']
  readonly verdict: string
  readonly findings: readonly string[]
  readonly proposals: readonly (JudgedChange & {
    readonly kind: string
    readonly robust: number
    /** What it really does to further quotes of the same market; null where the market breaks the model's form. */
    readonly further: number | null
    /** What each single change really adds to the others. */
    readonly parts: readonly number[]
  })[]
  /** A single change that nobody selected, for the coverage of what people bring. */
  readonly brought: JudgedChange | null
  /** Whether the informed analyst proves an improvement; null where not asked. */
  readonly analyst: AnalystProof | null
  /** The best true gain within the ranges under the guardrails, cents a quote; null where not asked. */
  readonly best: number | null
  /** Mean distance of predicted and observed win rate over bins of out-of-fold predictions, ppm. */
  readonly calibrationPpm: number | null
  readonly notProposed: readonly string[]
  readonly ms: number
}

const THRESHOLDS = DEFAULT_THRESHOLDS
const FURTHER_QUOTES = 4000

/**
 * Deals out a world's history, audits, fits, searches and proposes as `policy-opt propose` does, and asks the truth. Without
 * `rivals` neither the analyst nor the best policy is asked, which takes as long again.
 */
export async function runWorld(world: WorldCase, rivals = true): Promise<WorldResult> {
  const began = performance.now()
  const { truth, policy: base } = world
  const quotes = [...simulateQuotes(truth, base)]
  const columns = columnsOfQuotes(quotes)
  const { evidence } = THRESHOLDS
  const audit = auditFitness(columns, { thinSegmentQuotes: evidence.thin_segment_quotes })
  const fit =
    audit.verdict === 'unfit'
      ? null
      : fitResponse(columns, {
          thinSegmentQuotes: evidence.thin_segment_quotes,
          sensitivityOffsetShare: evidence.sensitivity_offset_share,
        })
  const model = fit?.kind === 'fitted' ? fit.model : null
  const ledger = new TruthLedger(truth, judgedQuotes(world, quotes))
  const ground = { snapshotDigest: 'sha256:simulated', columns, base, model, thresholds: THRESHOLDS } as const
  const found =
    model === null
      ? { proposals: [], notProposed: [], settings: [] }
      : await searched(ground, ledger, () =>
          world.breach === null ? furtherLedger(truth, base, FURTHER_QUOTES) : null,
        )
  const asked = rivals && world.kind === 'open' && world.quotes >= 2000
  return {
    number: world.number,
    kind: world.kind,
    quotes: world.quotes,
    hidden: world.hidden,
    breach: world.breach,
    verdict: fit?.kind === 'unfittable' ? `unfittable:${fit.reason}` : audit.verdict,
    findings: audit.findings.map(({ code }) => code),
    proposals: found.proposals,
    brought: model === null ? null : await broughtChange(world, ground, ledger),
    analyst:
      asked && world.hidden === 0 ? await analystProves(truth, base, columns, ledger, THRESHOLDS) : null,
    best: asked && world.quotes >= 5000 ? await bestGain(world, ground, ledger, found.settings) : null,
    calibrationPpm: model === null ? null : calibrationError(model.evidence.calibration.bins),
    notProposed: found.notProposed,
    ms: Math.round(performance.now() - began),
  }
}

/**
 * The best true gain under the guardrails and the support rule: what needs no model as the product judges it, the win rate by the
 * truth.
 */
async function bestGain(
  { truth, policy: base }: WorldCase,
  ground: ReplayGround,
  ledger: TruthLedger,
  from: readonly Setting[],
): Promise<number> {
  const engine = columnarEngine()
  const { guardrails } = THRESHOLDS
  const thin = thinSegments(ledger, THRESHOLDS)
  const permits: Permits = async policies => {
    if (policies.length === 0) return []
    const sums = await replay(engine, { ...ground, model: null }, policies)
    return sums.map(each => mayBeProposed(each, thin, THRESHOLDS))
  }
  const best = await bestByTruth(truth, base, permits, from, guardrails.min_win_rate_delta_bps)
  await engine.close()
  return ledger.delta(base, best)
}

/** Where the market shifts, what matters is the market from then on. */
const judgedQuotes = (world: WorldCase, quotes: readonly Quote[]): readonly Quote[] =>
  world.breach === 'shift' ? quotes.slice(Math.ceil(quotes.length / 2)) : quotes

async function searched(ground: ReplayGround, ledger: TruthLedger, furtherQuotes: () => TruthLedger | null) {
  const { base, model } = ground
  const engine = columnarEngine()
  const found = await optimise(engine, ground, () => undefined)
  const policies = found.proposals.map(({ appraisal }) => policyAt(base, appraisal.setting))
  const sums = policies.length === 0 ? [] : await replay(engine, ground, policies)
  await engine.close()
  const current = currentSetting(found.tunables)
  const further = found.proposals.length === 0 ? null : furtherQuotes()
  const proposals = found.proposals.map(({ kind, appraisal, changes }, at) => {
    const candidate = policies[at] as CheckedPolicy
    const figures = proposalFigures(
      sums[at] as (typeof sums)[number],
      model,
      THRESHOLDS,
      found.tunables.length,
      null,
    )
    return {
      kind,
      delta: ledger.delta(base, candidate),
      ...figures.estimates.expected_margin_delta_cents_per_quote,
      further: further === null ? null : further.delta(base, candidate),
      robust: (appraisal.robustLowerMicroCents ?? 0) / 1e6,
      parts: changes.map(change =>
        ledger.delta(
          policyAt(base, appraisal.setting.with(change.at, current[change.at] as number)),
          candidate,
        ),
      ),
    }
  })
  return {
    proposals,
    notProposed: found.notProposed.map(({ reason, count }) => `${reason} ${count}`),
    settings: found.proposals.slice(0, 1).map(({ appraisal }) => appraisal.setting),
  }
}

/** A change of one parameter drawn by the world's number, and its printed range. */
async function broughtChange(
  world: WorldCase,
  ground: ReplayGround,
  ledger: TruthLedger,
): Promise<JudgedChange | null> {
  const tunables = tunablesOf(ground.base.document)
  const stream = new RandomStream(world.truth.seed, 103, world.number)
  const at = stream.choose(tunables.map(() => 1))
  const tunable = tunables[at]
  if (tunable === undefined) return null
  const values = valuesAround(tunable, tunable.current, 8, false)
  const value = values[stream.choose(values.map(() => 1))] as number
  const candidate = policyAt(ground.base, currentSetting(tunables).with(at, value))
  const engine = columnarEngine()
  const [sums] = await replay(engine, ground, [candidate])
  await engine.close()
  if (sums === undefined || sums.impacted === 0) return null
  const { estimates } = proposalFigures(sums, ground.model, THRESHOLDS, 1, null)
  return {
    delta: ledger.delta(ground.base, candidate),
    ...estimates.expected_margin_delta_cents_per_quote,
  }
}

/** Expected calibration error (Naeini, Cooper, Hauskrecht, AAAI 2015) over the bins of the model's evidence. */
function calibrationError(
  bins: readonly { readonly quotes: number; readonly predicted_ppm: number; readonly observed_ppm: number }[],
): number {
  const quotes = bins.reduce((sum, bin) => sum + bin.quotes, 0)
  return Math.round(
    bins.reduce((sum, bin) => sum + bin.quotes * Math.abs(bin.predicted_ppm - bin.observed_ppm), 0) / quotes,
  )
}
