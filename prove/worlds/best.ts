import type { MarketTruth } from '../../src/domain/market-truth.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import type { Thresholds } from '../../src/domain/thresholds.ts'
import {
  currentSetting,
  type Setting,
  tunablesOf,
  valuesAround,
  withSetting,
} from '../../src/domain/tunables.ts'
import { sampleLedger } from './ledger.ts'

const QUOTES_JUDGED = 2000
const SWEEPS_MAX = 3

/**
 * The best policy within the declared ranges, by the truth on a sample of quotes: coordinate ascent, coarse and then fine, until
 * no single change gains. With limits, only over settings that keep them, and also from the settings in `from`, because limits
 * part the settings that can be reached from the base one parameter at a time.
 */
export function bestByTruth(
  truth: MarketTruth,
  base: CheckedPolicy,
  limits: Thresholds['guardrails'] | null,
  from: readonly Setting[] = [],
): CheckedPolicy {
  const ledger = sampleLedger(truth, base, QUOTES_JUDGED)
  const keeps = (policy: CheckedPolicy): boolean =>
    limits === null || ledger.keepsGuardrails(base, policy, limits)
  const starts = [{ setting: currentSetting(tunablesOf(base.document)), policy: base, gain: 0 }]
  for (const setting of from) {
    const policy = policyAt(base, setting)
    if (keeps(policy)) starts.push({ setting, policy, gain: ledger.delta(base, policy) })
  }
  const tops = starts.map(start =>
    ascend(base, start, policy => (keeps(policy) ? ledger.delta(base, policy) : null)),
  )
  return tops.reduce((top, next) => (next.gain > top.gain ? next : top)).policy
}

interface Reached {
  readonly setting: Setting
  readonly policy: CheckedPolicy
  readonly gain: number
}

function ascend(
  base: CheckedPolicy,
  start: Reached,
  gainOf: (policy: CheckedPolicy) => number | null,
): Reached {
  const tunables = tunablesOf(base.document)
  let best = start
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep += 1) {
    const before = best
    for (const [at, tunable] of tunables.entries()) {
      for (const reach of [8, 1]) {
        for (const value of valuesAround(tunable, best.setting[at] as number, reach, reach === 8)) {
          const setting = best.setting.with(at, value)
          const policy = policyAt(base, setting)
          const gain = gainOf(policy)
          if (gain !== null && gain > best.gain) best = { setting, policy, gain }
        }
      }
    }
    if (best === before) break
  }
  return best
}

/** The base policy with the values of a setting. */
export function policyAt(base: CheckedPolicy, setting: Setting): CheckedPolicy {
  const checked = checkPolicy(withSetting(base.document, tunablesOf(base.document), setting))
  if (!checked.ok) throw new Error(checked.refusal.message)
  return checked.value
}
