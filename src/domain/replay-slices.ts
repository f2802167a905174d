import { div, divWide } from './arithmetic.ts'
import { MARGIN_DELTA_BINS, type SliceSums } from './replay.ts'
import type { HistogramBin, ReplaySlice } from './replay-report.ts'

/** Sums of slices as means, by the same keys. */
export const replaySlices = (
  slices: Readonly<Record<string, SliceSums>>,
): Readonly<Record<string, ReplaySlice>> =>
  Object.fromEntries(Object.entries(slices).map(([key, sums]) => [key, replaySlice(sums)]))

function replaySlice(sums: SliceSums): ReplaySlice {
  const { scored, with_cost: withCost, win_ppm_delta: win, expected_delta: expected } = sums
  return {
    scored,
    with_cost: withCost,
    impacted: sums.impacted,
    margin_delta_bps: withCost === 0 ? null : div(sums.margin_bps_delta, withCost),
    win_rate_delta_bps: win === null || scored === 0 ? null : Number(divWide(win, BigInt(scored) * 100n)),
    approval_load_delta_bps: scored === 0 ? null : div(sums.approvals_delta * 10_000, scored),
    hard_violation_delta: sums.violations_delta,
    expected_margin_delta_cents: expectedCents(expected, withCost),
  }
}

/** A sum of ppm-cents over quotes with cost as cents in total and per quote. */
export const expectedCents = (
  expected: bigint | null,
  withCost: number,
): ReplaySlice['expected_margin_delta_cents'] =>
  expected === null || withCost === 0
    ? { total: null, per_quote: null }
    : {
        total: String(divWide(expected, 1_000_000n)),
        per_quote: Number(divWide(expected, BigInt(withCost) * 1_000_000n)),
      }

export const histogramBins = (counts: readonly number[]): readonly HistogramBin[] =>
  counts.map((quotes, bin) => ({ up_to_bps: MARGIN_DELTA_BINS[bin] ?? null, quotes }))
