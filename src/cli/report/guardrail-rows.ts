import type { GuardrailCode, ReplayReport } from '../../domain/replay-report.ts'
import type { Thresholds } from '../../domain/thresholds.ts'
import { count } from './figures.ts'

export interface GuardrailRow {
  readonly name: string
  /** The interval limit that is judged; null where unknown. */
  readonly measured: number | null
  readonly limit: number
  readonly kind: 'at_least' | 'at_most'
  readonly unit: 'bps' | 'runs' | ''
  readonly outcome: 'pass' | 'fail' | 'unknown' | 'unknown, not required'
}

/** Every guardrail with its measured value and limit, also those that pass; the verdict is the report's own. */
export function guardrailRows(
  { intervals, guardrails, deterministic_pass }: ReplayReport,
  limits: Thresholds['guardrails'],
): readonly GuardrailRow[] {
  const outcome = (code: GuardrailCode, measured: number | null): GuardrailRow['outcome'] => {
    const codes: readonly string[] = guardrails.blocks.map(block => block.code)
    if (codes.includes(code)) return 'fail'
    if (codes.includes(`${code}_unknown`)) return 'unknown'
    return measured === null ? 'unknown, not required' : 'pass'
  }
  const row = (
    code: GuardrailCode,
    name: string,
    measured: number | null,
    limit: number,
    unit: GuardrailRow['unit'] = 'bps',
  ): GuardrailRow => ({
    name,
    measured,
    limit,
    kind: code.endsWith('too_low') ? 'at_least' : 'at_most',
    unit,
    outcome: outcome(code, measured),
  })
  return [
    {
      name: 'A second run must give the same bytes',
      measured: deterministic_pass ? 2 : 1,
      limit: 2,
      kind: 'at_least',
      unit: 'runs',
      outcome: deterministic_pass ? 'pass' : 'fail',
    },
    row(
      'margin_delta_too_low',
      'Margin rate must not fall',
      intervals.margin_delta_bps.lower,
      limits.min_margin_delta_bps,
    ),
    row(
      'win_rate_delta_too_low',
      'Win rate must not fall',
      intervals.win_rate_delta_bps.lower,
      limits.min_win_rate_delta_bps,
    ),
    row(
      'approval_load_delta_too_high',
      'Approvals must not pile up',
      intervals.approval_load_delta_bps.upper,
      limits.max_approval_load_delta_bps,
    ),
    row(
      'approval_coverage_loss_too_high',
      'Value must not escape approval',
      intervals.approval_coverage_loss_bps.upper,
      limits.max_approval_coverage_loss_bps,
    ),
    row(
      'hard_violation_delta_too_high',
      'Hard rules must not be broken more often',
      intervals.hard_violation_delta.upper,
      limits.max_hard_violation_delta,
      '',
    ),
  ]
}

const ATTACKS_IN_BPS: readonly string[] = [
  'margin_collapse',
  'biased_cohort_regression',
  'threshold_gaming',
  'extrapolation',
  'protected_attribute',
]

/** What an attack measured, or its limit. Shares and losses are in bps; the other attacks count quotes or rules. */
export const attackFigure = (name: string, value: number): string =>
  `${count(value)}${ATTACKS_IN_BPS.includes(name) ? ' bps' : ''}`
