import { div } from './arithmetic.ts'
import type { MicroCents } from './judgement.ts'
import type { ResponseModel } from './response.ts'
import type { Bps } from './units.ts'

/** Beyond twice the pooled slope no stronger cause is looked for. */
export const OVERTURNING_MAX_BPS: Bps = 20_000

/** Shares of the pooled slope that are asked exactly; between two of them the bound is taken as straight. */
const ASKED_BPS: readonly Bps[] = [0, 2500, 5000, 10_000, OVERTURNING_MAX_BPS]

/** Robust lower bounds over the slope range of each width: the model is the same but for its range. null where unknown. */
export type BoundOver = (model: ResponseModel) => Promise<MicroCents | null>

/**
 * How strong a hidden cause would have to be to overturn a proven gain: the smallest bias of the slope, as a share of the pooled
 * slope in bps, at which the robust lower bound is no longer above zero; 0 where chance alone leaves it unproven, and
 * OVERTURNING_MAX_BPS where even that does not overturn it. A tipping-point analysis: the bias that brings the lower limit to
 * zero, as in Cinelli and Hazlett, Making Sense of Sensitivity (JRSS B 82, 2020), sections 3.3 and 4.2, stated in the unit of
 * the declared range. Exact at the shares asked, interpolated between them, rounded to 1%. null without a model, a slope or a bound.
 */
export async function overturningShareBps(
  model: ResponseModel | null,
  boundOver: BoundOver,
): Promise<Bps | null> {
  const pooledNano = model?.fits[0]?.slope_nano ?? 0
  if (model === null || pooledNano <= 0) return null
  let holds: { readonly share: Bps; readonly bound: MicroCents } | null = null
  for (const share of ASKED_BPS) {
    const bound = await boundOver({ ...model, slope_offset_nano: div(pooledNano * share, 10_000) })
    if (bound === null) return null
    if (bound <= 0) return holds === null ? 0 : crossing(holds, { share, bound })
    holds = { share, bound }
  }
  return OVERTURNING_MAX_BPS
}

interface Asked {
  readonly share: Bps
  readonly bound: MicroCents
}

function crossing(above: Asked, below: Asked): Bps {
  const part = above.bound / (above.bound - below.bound)
  return 100 * Math.round((above.share + part * (below.share - above.share)) / 100)
}

/** In words, for people. */
export function overturningText(shareBps: Bps | null): string {
  if (shareBps === null) return 'how strong a hidden cause would overturn it is not known'
  if (shareBps === 0) return 'chance alone could explain it'
  const percent = div(shareBps, 100)
  return shareBps >= OVERTURNING_MAX_BPS
    ? `nothing unrecorded that shifts the response to discounts by up to ${percent}% of its strength overturns it`
    : `only something unrecorded that shifts the response to discounts by ${percent}% of its strength would overturn it`
}
