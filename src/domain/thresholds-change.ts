import type { Thresholds } from './thresholds.ts'

/** Whether a greater value of a limit lets less pass or more. */
type Direction = 'greater_is_tighter' | 'smaller_is_tighter'

/** Every numeric limit by its path; a limit that is missing here counts as loosened by any change. */
const DIRECTION: Readonly<Record<string, Direction>> = {
  'guardrails.min_margin_delta_bps': 'greater_is_tighter',
  'guardrails.min_win_rate_delta_bps': 'greater_is_tighter',
  'guardrails.max_approval_load_delta_bps': 'smaller_is_tighter',
  'guardrails.max_approval_coverage_loss_bps': 'smaller_is_tighter',
  'guardrails.max_hard_violation_delta': 'smaller_is_tighter',
  'alerts.max_rollback_rate_bps': 'smaller_is_tighter',
  'alerts.max_false_positive_rate_bps': 'smaller_is_tighter',
  'alerts.max_projected_realized_margin_gap_bps': 'smaller_is_tighter',
  'alerts.min_samples.rollback_spike': 'smaller_is_tighter',
  'alerts.min_samples.false_positive_spike': 'smaller_is_tighter',
  'alerts.min_samples.margin_gap_drift': 'smaller_is_tighter',
  'evidence.thin_segment_quotes': 'greater_is_tighter',
  'evidence.sensitivity_offset_share': 'greater_is_tighter',
  'attacks.margin_collapse.max_margin_loss_bps': 'smaller_is_tighter',
  'attacks.margin_collapse.max_quote_share_bps': 'smaller_is_tighter',
  'attacks.biased_cohort_regression.max_segment_loss_bps': 'smaller_is_tighter',
  'attacks.violation_laundering.max_not_replayable_delta': 'smaller_is_tighter',
  'attacks.extrapolation.max_extrapolated_share_bps': 'smaller_is_tighter',
  'attacks.threshold_gaming.window_bps': 'greater_is_tighter',
  'attacks.threshold_gaming.max_share_bps': 'smaller_is_tighter',
  'attacks.protected_attribute.max_association_bps': 'smaller_is_tighter',
  packet_expiry_days: 'smaller_is_tighter',
}

/** One limit that differs. `loosened` when something could pass that did not before. */
export type ThresholdChange = {
  readonly path: string
  readonly from: string | number
  readonly to: string | number
  readonly loosened: boolean
}

/** What differs between two thresholds documents, in the order of the second one's paths. */
export function thresholdChanges(before: Thresholds, after: Thresholds): readonly ThresholdChange[] {
  const known = new Map(limitsOf(before))
  return limitsOf(after).flatMap(([path, to]) => {
    const from = known.get(path) ?? 'unset'
    return from === to ? [] : [{ path, from, to, loosened: isLoosened(path, from, to) }]
  })
}

function isLoosened(path: string, from: string | number, to: string | number): boolean {
  // Excusing one more measure loosens; so does protecting one attribute less.
  if (path === 'guardrails.not_required') return hasMore(to, from)
  if (path === 'evidence.protected_attributes') return hasMore(from, to)
  // An alert that no longer stops by itself loosens.
  if (path === 'alerts.engage_pause') return hasMore(from === 'unset' ? '' : from, to)
  const direction = DIRECTION[path]
  if (direction === undefined || typeof from !== 'number' || typeof to !== 'number') return true
  return direction === 'greater_is_tighter' ? to < from : to > from
}

/** Whether the first list, as one text, names something that the second does not. */
function hasMore(list: string | number, than: string | number): boolean {
  const known = new Set(String(than).split(' '))
  return String(list)
    .split(' ')
    .some(word => word !== '' && !known.has(word))
}

/** Every limit by its path; lists as one text. */
function limitsOf(part: object, prefix = ''): readonly (readonly [string, string | number])[] {
  return Object.entries(part).flatMap(([name, value]) => {
    const path = `${prefix}${name}`
    if (Array.isArray(value)) return [[path, [...value].sort().join(' ')]] as const
    if (typeof value === 'object' && value !== null) return limitsOf(value, `${path}.`)
    return path === 'schema' ? [] : [[path, value as string | number] as const]
  })
}
