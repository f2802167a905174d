import type { ClosedQuotes } from './closed-quotes.ts'
import type { FitnessFinding, ResponseSlope } from './fitness-finding.ts'
import {
  approvalColumn,
  type ClassedColumn,
  type Partition,
  partitionBy,
  wholePartition,
} from './partition.ts'
import { responseSlope } from './variance.ts'

/** Two-sided 5% of the standard normal distribution. */
const SIGNIFICANT_T_THOUSANDTHS = 1960

/** Slopes of winning on the grant, over all closed quotes and among like ones; formulas in variance.ts. */
export interface ResponseSlopes {
  readonly raw: ResponseSlope | null
  readonly adjusted: ResponseSlope | null
}

/** Like quotes agree in whether an approval was needed, segment, size, region, family and text attributes. */
export const likeQuotes = (closed: ClosedQuotes, deciding: readonly ClassedColumn[]): Partition =>
  partitionBy(closed, [approvalColumn(closed), ...deciding])

export const responseSlopes = (closed: ClosedQuotes, like: Partition): ResponseSlopes => ({
  raw: responseSlope(closed, wholePartition(closed)),
  adjusted: responseSlope(closed, like),
})

/**
 * A larger discount cannot lose deals. Where among like quotes it significantly does (|t| at least 1.96), something that nobody
 * recorded decides both, and no model of this history can be trusted.
 */
export function responseSignWrong({ raw, adjusted }: ResponseSlopes): FitnessFinding | null {
  if (adjusted === null || adjusted.t_thousandths > -SIGNIFICANT_T_THOUSANDTHS) return null
  return {
    code: 'response_sign_wrong',
    severity: 'unfit',
    message:
      'among like quotes, larger discounts went along with fewer wins: what made them large is not recorded',
    facts: { ...factsOf('adjusted', adjusted), ...factsOf('raw', raw) },
    remedy:
      'record what makes a deal hard (competition, customer history, urgency) as attr.* columns and import again',
  }
}

/**
 * The sign of the response changes when like is compared with like: the raw slope is significant and the adjusted one lies on the
 * other side of zero. What is learned then hangs on the recorded attributes being all that matters.
 */
export function responseSignUnstable({ raw, adjusted }: ResponseSlopes): FitnessFinding | null {
  if (raw === null || adjusted === null || responseSignWrong({ raw, adjusted }) !== null) return null
  const opposite = raw.slope_ppm_per_100_bps * adjusted.slope_ppm_per_100_bps < 0
  if (!opposite || Math.abs(raw.t_thousandths) < SIGNIFICANT_T_THOUSANDTHS) return null
  return {
    code: 'response_sign_unstable',
    severity: 'limited',
    message:
      'the effect of a discount changes its sign when like quotes are compared: discounts went to the harder deals',
    facts: { ...factsOf('adjusted', adjusted), ...factsOf('raw', raw) },
    remedy:
      'record more of what discounts were decided by; until then trust no effect that depends on a few attributes',
  }
}

const factsOf = (name: 'raw' | 'adjusted', slope: ResponseSlope | null): Record<string, number | null> => ({
  [`${name}_slope_ppm_per_100_bps`]: slope?.slope_ppm_per_100_bps ?? null,
  [`${name}_lower_ppm_per_100_bps`]: slope?.lower_ppm_per_100_bps ?? null,
  [`${name}_upper_ppm_per_100_bps`]: slope?.upper_ppm_per_100_bps ?? null,
  [`${name}_t_thousandths`]: slope?.t_thousandths ?? null,
})
