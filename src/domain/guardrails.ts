import type {
  Estimate,
  GuardrailBlock,
  GuardrailCode,
  GuardrailVerdict,
  ReplayIntervals,
  ReplayReport,
} from './replay-report.ts'
import type { Thresholds } from './thresholds.ts'

/** One limit: its code, the measure it bounds, and in words what crossing it means. */
interface Guardrail {
  readonly code: GuardrailCode
  readonly measure: keyof ReplayIntervals
  readonly side: 'floor' | 'ceiling'
  readonly limit: (limits: Thresholds['guardrails']) => number
  readonly says: string
}

const GUARDRAILS: readonly Guardrail[] = [
  {
    code: 'margin_delta_too_low',
    measure: 'margin_delta_bps',
    side: 'floor',
    limit: limits => limits.min_margin_delta_bps,
    says: 'margin may fall further, in bps, than allowed',
  },
  {
    code: 'win_rate_delta_too_low',
    measure: 'win_rate_delta_bps',
    side: 'floor',
    limit: limits => limits.min_win_rate_delta_bps,
    says: 'the win rate may fall further, in bps, than allowed',
  },
  {
    code: 'approval_load_delta_too_high',
    measure: 'approval_load_delta_bps',
    side: 'ceiling',
    limit: limits => limits.max_approval_load_delta_bps,
    says: 'the share of quotes that need an approval may grow more, in bps, than allowed',
  },
  {
    code: 'approval_coverage_loss_too_high',
    measure: 'approval_coverage_loss_bps',
    side: 'ceiling',
    limit: limits => limits.max_approval_coverage_loss_bps,
    says: 'the share of value that loses its approval may be larger, in bps, than allowed',
  },
  {
    code: 'hard_violation_delta_too_high',
    measure: 'hard_violation_delta',
    side: 'ceiling',
    limit: limits => limits.max_hard_violation_delta,
    says: 'there may be more violations than allowed',
  },
]

/** Figures that a second run did not repeat are nobody's to rely on, whatever they say; no thresholds excuse it. */
const NOT_DETERMINISTIC: GuardrailBlock = {
  code: 'not_deterministic',
  measured: 1,
  limit: 2,
  reason: 'a second run gave other bytes, so that no figure of this replay can be relied on',
}

/** Judges a report: its limits, and that both runs gave the same bytes. */
export function judgeReport(
  { deterministic_pass, intervals }: Pick<ReplayReport, 'deterministic_pass' | 'intervals'>,
  limits: Thresholds['guardrails'],
): GuardrailVerdict {
  const { blocks } = judgeGuardrails(intervals, limits)
  const all = deterministic_pass ? blocks : [NOT_DETERMINISTIC, ...blocks]
  return { passed: all.length === 0, blocks: all }
}

/**
 * Judges interval limits, not points: the lower one against a floor, the upper one against a ceiling; a limit met exactly
 * passes. Unknown blocks with `<code>_unknown`, unless `not_required` lists the guardrail's code.
 */
export function judgeGuardrails(
  intervals: ReplayIntervals,
  limits: Thresholds['guardrails'],
): GuardrailVerdict {
  const blocks = GUARDRAILS.flatMap(guardrail => judge(guardrail, intervals[guardrail.measure], limits) ?? [])
  return { passed: blocks.length === 0, blocks }
}

function judge(
  { code, side, limit, says }: Guardrail,
  estimate: Estimate,
  limits: Thresholds['guardrails'],
): GuardrailBlock | null {
  const bound = limit(limits)
  const measured = side === 'floor' ? estimate.lower : estimate.upper
  if (measured === null) {
    if (limits.not_required.includes(code)) return null
    const why = estimate.point === null ? 'there is no data' : 'fewer than two groups of quotes hold data'
    return { code: `${code}_unknown`, measured: null, limit: bound, reason: `not known: ${why}` }
  }
  const holds = side === 'floor' ? measured >= bound : measured <= bound
  return holds ? null : { code, measured, limit: bound, reason: `${says}: ${measured} against ${bound}` }
}
