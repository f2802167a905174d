import { parse } from 'yaml'
import { z } from 'zod'
import { ALERT_CODES } from './alert-state.ts'
import { done, type Result, refuse } from './refusal.ts'
import { shapeFault } from './shape-fault.ts'
import { DEFAULT_THRESHOLDS, type Thresholds } from './thresholds.ts'

const bps = z.int().min(0).max(1_000_000)
const signedBps = z.int().min(-1_000_000).max(1_000_000)
const count = z.int().min(0).max(1_000_000_000)

const shape = z.strictObject({
  schema: z.literal('clo_thresholds.v1'),
  guardrails: z.strictObject({
    min_margin_delta_bps: signedBps,
    min_win_rate_delta_bps: signedBps,
    max_approval_load_delta_bps: signedBps,
    max_approval_coverage_loss_bps: bps,
    max_hard_violation_delta: count,
    not_required: z.array(z.string()),
  }),
  alerts: z.strictObject({
    max_rollback_rate_bps: bps,
    max_false_positive_rate_bps: bps,
    max_projected_realized_margin_gap_bps: bps,
    min_samples: z.strictObject({
      rollback_spike: count,
      false_positive_spike: count,
      margin_gap_drift: count,
    }),
    engage_pause: z.array(z.enum(ALERT_CODES)).default([]),
  }),
  evidence: z.strictObject({
    thin_segment_quotes: count,
    sensitivity_offset_share: z
      .number()
      .min(0)
      .max(1)
      .refine(share => Number.isInteger(Math.round(share * 1e8) / 1e4), 'use at most four decimals'),
    protected_attributes: z
      .array(z.string().regex(/^\S*\p{L}\S*$/u, 'a word with letters, parts joined by `_`'))
      .max(200),
  }),
  attacks: z.strictObject({
    margin_collapse: z.strictObject({ max_margin_loss_bps: bps, max_quote_share_bps: bps }),
    biased_cohort_regression: z.strictObject({ max_segment_loss_bps: bps }),
    violation_laundering: z.strictObject({ max_not_replayable_delta: count }),
    extrapolation: z.strictObject({ max_extrapolated_share_bps: bps }),
    threshold_gaming: z.strictObject({ window_bps: bps, max_share_bps: bps }),
    protected_attribute: z.strictObject({ max_association_bps: bps.max(10_000) }),
  }),
  packet_expiry_days: z.int().min(1).max(365),
}) satisfies z.ZodType<Thresholds>

/** Reads a whole thresholds document, YAML or JSON. Refuses bad_input with every fault. */
export function readThresholdsText(text: string): Result<Thresholds> {
  let value: unknown
  try {
    value = parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return refuse('bad_input', 'the thresholds are neither YAML nor JSON', 'mend the file', { why })
  }
  const read = shape.safeParse(value)
  if (read.success) return done(read.data)
  const faults = read.error.issues.map(issue => shapeFault(issue, 'the document'))
  return refuse(
    'bad_input',
    `the thresholds have ${faults.length} fault(s): ${faults[0]}`,
    'give a whole clo_thresholds.v1 document; the default one is in the facts',
    { faults, default: DEFAULT_THRESHOLDS },
  )
}
