import type { MarketTruth } from '../../src/domain/market-truth.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
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

/** Which of some policies a limit lets through, in their order. */
export type Permits = (policies: readonly CheckedPolicy[]) => Promise<readonly boolean[]>

const ANYTHING: Permits = async policies => policies.map(() => true)

/**
 * The best policy within the declared ranges, by the truth on a sample of quotes: coordinate ascent, coarse and then fine, until
 * no single change gains. Where something is not permitted, also from the settings in `from`, because limits part the settings
 * that can be reached from the base one parameter at a time.
 */
export async function bestByTruth(
  truth: MarketTruth,
  base: CheckedPolicy,
  permits: Permits = ANYTHING,
  from: readonly Setting[] = [],
  winRateFloorBps = Number.NEGATIVE_INFINITY,
): Promise<CheckedPolicy> {
  const ledger = sampleLedger(truth, base, QUOTES_JUDGED)
  const gainOf = async (policies: readonly CheckedPolicy[]): Promise<readonly (number | null)[]> => {
    const promising = policies.filter(policy => ledger.winRateDeltaBps(base, policy) >= winRateFloorBps)
    const permitted = await permits(promising)
    const kept = new Set(promising.filter((_, at) => permitted[at]))
    return policies.map(policy => (kept.has(policy) ? ledger.delta(base, policy) : null))
  }
  const tops = [{ setting: currentSetting(tunablesOf(base.document)), policy: base, gain: 0 }]
  for (const setting of from) {
    const policy = policyAt(base, setting)
    const [gain] = await gainOf([policy])
    if (gain !== null && gain !== undefined) tops.push({ setting, policy, gain })
  }
  let best = tops[0] as Reached
  for (const top of tops) {
    const next = await ascend(base, top, gainOf)
    if (next.gain > best.gain) best = next
  }
  return best.policy
}

interface Reached {
  readonly setting: Setting
  readonly policy: CheckedPolicy
  readonly gain: number
}

async function ascend(
  base: CheckedPolicy,
  start: Reached,
  gainOf: (policies: readonly CheckedPolicy[]) => Promise<readonly (number | null)[]>,
): Promise<Reached> {
  const tunables = tunablesOf(base.document)
  let best = start
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep += 1) {
    const before = best
    for (const [at, tunable] of tunables.entries()) {
      for (const reach of [8, 1]) {
        const from = best.setting
        const tried = valuesAround(tunable, from[at] as number, reach, reach === 8).map(value => {
          const setting = from.with(at, value)
          return { setting, policy: policyAt(base, setting) }
        })
        const gains = await gainOf(tried.map(({ policy }) => policy))
        for (const [place, gain] of gains.entries()) {
          const next = tried[place]
          if (next !== undefined && gain !== null && gain > best.gain) best = { ...next, gain }
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
