import {
  type Appraisal,
  bound,
  isSound,
  type KnownSettings,
  keyOf,
  type NotProposed,
  type Proposal,
} from './appraisal.ts'
import type { MicroCents } from './judgement.ts'

const FRONTIER_MAX = 40

/**
 * The sound settings that no other beats in expected margin, win rate and approval load at once, most margin first: what could
 * be had instead of what is proposed. At most FRONTIER_MAX, the rest being the least profitable.
 */
export function frontierOf(known: KnownSettings): readonly Appraisal[] {
  const sound = known.all().filter(isSound)
  return sound
    .filter(point => !sound.some(other => dominates(other, point)))
    .sort((left, right) => margin(right) - margin(left))
    .slice(0, FRONTIER_MAX)
}

const margin = (point: Appraisal): MicroCents => point.pointMicroCents ?? bound(point)

/** At least as good in all three and better in one; of equals the one appraised first stands. */
function dominates(left: Appraisal, right: Appraisal): boolean {
  const differences = [
    margin(left) - margin(right),
    (left.winRateDeltaBps ?? 0) - (right.winRateDeltaBps ?? 0),
    (right.approvalLoadDeltaBps ?? 0) - (left.approvalLoadDeltaBps ?? 0),
  ]
  return differences.every(difference => difference >= 0) && differences.some(difference => difference > 0)
}

/** Why each appraised setting is not among the proposals, counted by reason, the most frequent first. */
export function countNotProposed(
  known: KnownSettings,
  proposals: readonly Proposal[],
): readonly NotProposed[] {
  const proposed = new Set(proposals.map(({ appraisal }) => keyOf(appraisal.setting)))
  const counts = new Map<NotProposed['reason'], number>()
  for (const appraisal of known.all()) {
    const key = keyOf(appraisal.setting)
    if (proposed.has(key)) continue
    const reason =
      appraisal.hindrance ??
      (!isSound(appraisal)
        ? 'no_robust_gain'
        : known.unproven.has(key)
          ? 'change_not_proven_alone'
          : 'weaker_than_proposed')
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((left, right) => right.count - left.count || (left.reason < right.reason ? -1 : 1))
}
