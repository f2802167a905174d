import { marginBps, netCents } from './arithmetic.ts'
import type { PolicyDocument, Rule } from './policy.ts'
import type { QuoteColumns } from './quote.ts'
import type { Bps } from './units.ts'

/** Segments with fewer quotes get no cap of their own: their practice is not known well enough. */
const SEGMENT_QUOTES_MIN = 200
const STEP_BPS = 50

/**
 * A policy that says what a history shows was practised, for readers who bring quotes and no policy: per segment a discount
 * cap at the 95th percentile of granted discounts (tunable between the median and the 99th), and one protected margin floor at
 * the 5th percentile of margins. Percentiles by the nearest-rank method; caps are rounded up to 50 bps, the floor down.
 */
export function practisedPolicy(columns: QuoteColumns): PolicyDocument {
  const rules: Rule[] = []
  const grants = grantsBySegment(columns)
  for (const [code, discounts] of grants) {
    if (discounts.length < SEGMENT_QUOTES_MIN) continue
    const segment = columns.segment.dictionary[code] ?? ''
    rules.push(capRule(segment, rules.length + 1, discounts))
  }
  const margins = margins5(columns)
  if (margins !== null) {
    rules.push({
      id: 'margin-floor',
      kind: 'margin_floor',
      when: 'true',
      params: { floor_bps: margins },
      protected: true,
      rationale: 'nineteen in twenty past quotes kept this margin',
    })
  }
  return { schema: 'clo_policy.v1', name: 'as-practised', rules }
}

function grantsBySegment(columns: QuoteColumns): ReadonlyMap<number, number[]> {
  const bySegment = new Map<number, number[]>()
  for (let row = 0; row < columns.rows; row += 1) {
    const code = columns.segment.codes[row] as number
    const known = bySegment.get(code)
    const granted = columns.grantedDiscountBps[row] as number
    if (known === undefined) bySegment.set(code, [granted])
    else known.push(granted)
  }
  for (const discounts of bySegment.values()) discounts.sort((left, right) => left - right)
  return bySegment
}

function capRule(segment: string, number: number, sorted: readonly Bps[]): Rule {
  const upTo = (share: number): Bps =>
    Math.min(10_000, Math.ceil(percentile(sorted, share) / STEP_BPS) * STEP_BPS)
  const cap = upTo(0.95)
  const min = Math.min(upTo(0.5), cap - STEP_BPS)
  const max = Math.max(upTo(0.99), cap)
  return {
    id: `discount-cap-${number}`,
    kind: 'discount_cap',
    when: `quote.segment == ${JSON.stringify(segment)}`,
    params: { cap_bps: cap },
    tune: { cap_bps: { min, max, step: STEP_BPS } },
    rationale: `nineteen in twenty past quotes of this segment stayed within ${cap} bps`,
  }
}

function margins5(columns: QuoteColumns): Bps | null {
  const margins: number[] = []
  for (let row = 0; row < columns.rows; row += 1) {
    const cost = columns.costCents[row] as number
    if (Number.isNaN(cost)) continue
    const net = netCents(columns.listCents[row] as number, columns.grantedDiscountBps[row] as number)
    margins.push(marginBps(net, cost))
  }
  if (margins.length < SEGMENT_QUOTES_MIN) return null
  margins.sort((left, right) => left - right)
  return Math.max(-10_000, Math.floor(percentile(margins, 0.05) / STEP_BPS) * STEP_BPS)
}

/** Nearest rank: the smallest value with at least `share` of the values at or below it. */
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number
