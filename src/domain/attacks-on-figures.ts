import { div } from './arithmetic.ts'
import { type Attack, type Contributor, topContributors } from './attack.ts'
import type { ScanCount } from './attack-scan.ts'
import { moneyText } from './money-text.ts'
import type { ReplaySlice } from './replay-report.ts'

const segments = (count: ScanCount): readonly Contributor[] =>
  topContributors(Object.entries(count.by_segment).map(([key, measured]) => ({ key, measured })))

const notKnown = (limit: number, reason: string): ReturnType<Attack> => ({
  outcome: 'unknown',
  measured: null,
  limit,
  reason,
  contributors: [],
  smallest_set: [],
})

/** A wide loss of margin: the share of quotes that lose more than `max_margin_loss_bps`, however well the mean hides it. */
export const marginCollapse: Attack = ({ scan, thresholds }) => {
  const { max_margin_loss_bps: loss, max_quote_share_bps: limit } = thresholds.attacks.margin_collapse
  if (scan.with_cost === 0) return notKnown(limit, 'no scored quote has a cost, so no margin is known')
  const measured = div(scan.collapsed.quotes * 10_000, scan.with_cost)
  return {
    outcome: measured > limit ? 'blocked' : 'passed',
    measured,
    limit,
    reason: `${scan.collapsed.quotes} of ${scan.with_cost} quotes lose more than ${loss} bps of margin`,
    contributors: segments(scan.collapsed),
    smallest_set: [],
  }
}

/**
 * One segment or region pays for the rest: its mean margin falls by more than the limit, and its expected margin does not rise
 * to make up for it (unknown counts as not rising).
 */
export const biasedCohortRegression: Attack = ({ report, thresholds }) => {
  const limit = thresholds.attacks.biased_cohort_regression.max_segment_loss_bps
  const cohorts = [
    ...Object.entries(report.by_segment).map(([key, slice]) => ({ key: `segment ${key}`, slice })),
    ...Object.entries(report.by_region).map(([key, slice]) => ({ key: `region ${key}`, slice })),
  ]
  const known = cohorts.filter(({ slice }) => slice.margin_delta_bps !== null)
  if (known.length === 0) return notKnown(limit, 'no segment or region has a known margin')
  const losses = known
    .filter(({ slice }) => !expectsMore(slice))
    .map(({ key, slice }) => ({ key, measured: -(slice.margin_delta_bps as number) }))
  const paying = topContributors(losses.filter(({ measured }) => measured > limit))
  const measured = Math.max(0, ...losses.map(loss => loss.measured))
  return {
    outcome: paying.length > 0 ? 'blocked' : 'passed',
    measured,
    limit,
    reason:
      paying.length > 0
        ? `${paying[0]?.key} loses ${measured} bps of margin and earns nothing for it`
        : `no segment or region loses more than ${limit} bps of margin without earning more`,
    contributors: paying,
    smallest_set: [],
  }
}

const expectsMore = (slice: ReplaySlice): boolean => (slice.expected_margin_delta_cents.per_quote ?? 0) > 0

/** Quotes moved out of sight: replayable under the base, not under the candidate. */
export const violationLaundering: Attack = ({ scan, thresholds }) => {
  const limit = thresholds.attacks.violation_laundering.max_not_replayable_delta
  const measured = scan.laundered.quotes
  return {
    outcome: measured > limit ? 'blocked' : 'passed',
    measured,
    limit,
    reason: `${measured} quotes that the base policy can judge cannot be judged under the candidate`,
    contributors: segments(scan.laundered),
    smallest_set: measured > limit ? scan.laundered.first_quote_ids.slice(0, limit + 1) : [],
  }
}

/**
 * Bunching invited: a limit placed so that many quotes newly pass it by a hair, along the discount asked for, the size of the
 * deal or its margin.
 */
export const thresholdGaming: Attack = ({ scan, thresholds }) => {
  const { window_bps: window, max_share_bps: limit } = thresholds.attacks.threshold_gaming
  if (scan.scored === 0) return notKnown(limit, 'no quote was scored')
  const measured = div(scan.just_under.quotes * 10_000, scan.scored)
  const sides = Object.entries(scan.just_under_by_side).filter(([, quotes]) => quotes > 0)
  const along = sides.map(([side, quotes]) => `${quotes} along ${side.replace('_', ' ')}`).join(', ')
  return {
    outcome: measured > limit ? 'blocked' : 'passed',
    measured,
    limit,
    reason: `${scan.just_under.quotes} of ${scan.scored} quotes newly escape a limit by at most ${window} bps${along === '' ? '' : `: ${along}`}`,
    contributors: segments(scan.just_under),
    smallest_set: [],
  }
}

/** Touches a segment that history knows too little about. The limit is zero impacted quotes there. */
export const thinSegment: Attack = ({ scan, thresholds, thinSegments }) => {
  const quotesMin = thresholds.evidence.thin_segment_quotes
  const touched = Object.entries(scan.impacted.by_segment)
    .filter(([key]) => (scan.closed_by_segment[key] ?? 0) < quotesMin || thinSegments.includes(key))
    .map(([key, measured]) => ({ key, measured }))
  const measured = touched.reduce((sum, { measured: impacted }) => sum + impacted, 0)
  return {
    outcome: measured > 0 ? 'blocked' : 'passed',
    measured,
    limit: 0,
    reason:
      measured > 0
        ? `${measured} impacted quotes lie in segments with fewer than ${quotesMin} closed quotes or no measurable response`
        : 'no impacted quote lies in a thin segment',
    contributors: topContributors(touched),
    smallest_set: touched.flatMap(({ key }) => quoteOf(scan.impacted, key) ?? []).slice(0, 1),
  }
}

const quoteOf = ({ first_quote_id_by_segment: first }: ScanCount, segment: string): string | undefined =>
  Object.hasOwn(first, segment) ? first[segment] : undefined

/**
 * Stands on decisions that history has never seen: of the quotes it changes, more than the limit would be decided as none like
 * them was (LoggedSupport). Quotes it leaves as they are gain and lose nothing, whatever history says of them. What gains even if
 * every unseen decision turns out as badly as monotonicity allows (the report's worst case, which is stricter about what was
 * seen) does not stand on them, and passes.
 */
export const extrapolation: Attack = ({ report, scan, thresholds }) => {
  const limit = thresholds.attacks.extrapolation.max_extrapolated_share_bps
  if (scan.scored === 0) return notKnown(limit, 'no quote was scored')
  const { impacted, extrapolated } = scan
  const measured = impacted.quotes === 0 ? 0 : div(extrapolated.quotes * 10_000, impacted.quotes)
  const worst = report.support.worst_case_expected_margin_delta_cents_per_quote
  const withstands = worst !== null && worst >= 0
  const unseen = `${extrapolated.quotes} of ${impacted.quotes} changed quotes would be decided as history never was`
  const words =
    worst === null
      ? 'and its worst case is unknown'
      : `and at worst it gains ${moneyText(worst, report.currency)} a quote`
  return {
    outcome: measured > limit && !withstands ? 'blocked' : 'passed',
    measured,
    limit,
    reason: measured > limit ? `${unseen}, ${words}` : unseen,
    contributors: segments(extrapolated),
    smallest_set: [],
  }
}
