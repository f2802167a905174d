import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import type { Appraisal } from '../../src/domain/appraisal.ts'
import { trueMarginDeltaPerQuote } from '../../src/domain/market-truth.ts'
import { marketWorld } from '../../src/domain/market-world.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import type { Quote } from '../../src/domain/quote.ts'
import type { FittedResponseModel } from '../../src/domain/response.ts'
import { fitResponse } from '../../src/domain/response-fit.ts'
import type { SearchOutcome } from '../../src/domain/search.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import {
  currentSetting,
  type Setting,
  tunablesOf,
  valuesAround,
  withSetting,
} from '../../src/domain/tunables.ts'
import { optimise } from '../../src/loop/optimise.ts'
import { type SimulatedHistory, simulatedHistory, starterPolicy } from './market-columns.ts'

export interface WorldChoice {
  readonly seed: number
  readonly quotes: number
  /** Share of the pooled slope that hidden difficulty takes from a fit; 1/3 is the edge of the declared range. */
  readonly hiddenConfounding: number
  /** The policy in force; the starter policy when not given. */
  readonly policy?: CheckedPolicy
}

/** What the optimizer did in one simulated world, with what its proposals would really have done. */
export interface WorldOutcome {
  readonly model: FittedResponseModel | null
  readonly found: SearchOutcome | null
  readonly proposals: readonly JudgedProposal[]
}

export interface JudgedProposal {
  readonly appraisal: Appraisal
  /** Cents a quote, by the truth. */
  readonly trueDelta: number
  /** What each change really adds to the others, cents a quote. */
  readonly trueDeltaOfParts: readonly number[]
}

/** A history of a world drawn by the seed, slopes, costs and habits varied widely around the standard one. */
export function historyOf(choice: WorldChoice): SimulatedHistory {
  const { seed, quotes, hiddenConfounding, policy } = choice
  const world = marketWorld({ hiddenConfounding, variety: 1, worldSeed: seed })
  return simulatedHistory({ seed, quotes, world, ...(policy === undefined ? {} : { policy }) })
}

/** Fits, searches and proposes in one world as `policy-opt propose` does, and asks the truth. */
export async function proposeInWorld(choice: WorldChoice): Promise<WorldOutcome> {
  const { truth, quotes, columns } = historyOf(choice)
  const base = choice.policy ?? starterPolicy()
  const { evidence } = DEFAULT_THRESHOLDS
  const fit = fitResponse(columns, {
    thinSegmentQuotes: evidence.thin_segment_quotes,
    sensitivityOffsetShare: evidence.sensitivity_offset_share,
  })
  if (fit.kind === 'unfittable') return { model: null, found: null, proposals: [] }
  const engine = columnarEngine()
  const ground = {
    snapshotDigest: 'sha256:simulated',
    columns,
    base,
    model: fit.model,
    thresholds: DEFAULT_THRESHOLDS,
  }
  const found = await optimise(engine, ground, () => undefined)
  await engine.close()
  const proposals = found.proposals.map(({ appraisal, changes }) => {
    const candidate = policyAt(base, appraisal.setting)
    const current = currentSetting(found.tunables)
    return {
      appraisal,
      trueDelta: trueMarginDeltaPerQuote(truth, base, candidate, quotes),
      trueDeltaOfParts: changes.map(({ at }) => {
        const without = policyAt(base, appraisal.setting.with(at, current[at] as number))
        return trueMarginDeltaPerQuote(truth, without, candidate, quotes)
      }),
    }
  })
  return { model: fit.model, found, proposals }
}

export function policyAt(base: CheckedPolicy, setting: Setting): CheckedPolicy {
  const checked = checkPolicy(withSetting(base.document, tunablesOf(base.document), setting))
  if (!checked.ok) throw new Error(checked.refusal.message)
  return checked.value
}

/**
 * The policy that is already the best by the truth, as far as coordinate ascent over the declared ranges finds it: in force
 * there, every change that moves a decision is a mistake or close to one.
 */
export function bestPolicyByTruth(choice: WorldChoice): CheckedPolicy {
  const base = starterPolicy()
  const { truth, quotes } = historyOf(choice)
  const sample: readonly Quote[] = quotes.slice(0, 1200)
  const tunables = tunablesOf(base.document)
  let setting = currentSetting(tunables)
  for (let sweep = 0; sweep < 2; sweep += 1) {
    for (const [at, tunable] of tunables.entries()) {
      const tried = [...valuesAround(tunable, setting[at] as number, 8, true), setting[at] as number]
      const scored = tried.map(value => {
        const policy = policyAt(base, setting.with(at, value))
        return { value, gain: trueMarginDeltaPerQuote(truth, base, policy, sample) }
      })
      setting = setting.with(at, scored.reduce((best, next) => (next.gain > best.gain ? next : best)).value)
    }
  }
  return policyAt(base, setting)
}
