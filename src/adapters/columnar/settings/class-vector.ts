import { GROUPS } from '../../../domain/quote.ts'
import { SHIFT_COUNT } from '../layout.ts'
import { CENTS_CELLS, PPM_CENTS_CELLS } from '../wide.ts'

/** Fields of a group in the sums of a class, differences from the base; the last three are sums of cents. */
export const CLASS_GROUP = {
  marginDelta: 0,
  approvalsDelta: 1,
  violationsDelta: 2,
  latencyDelta: 3,
  netDelta: 4,
  profitDelta: 4 + CENTS_CELLS,
  approvalLost: 4 + 2 * CENTS_CELLS,
  cells: 4 + 3 * CENTS_CELLS,
} as const

/** Where each sum of a class lies: like the layout of a candidate, without what one class does not need. */
export interface ClassLayout {
  readonly support: number
  readonly impacted: number
  readonly groups: number
  /** [fit][shift]. */
  readonly win: number
  readonly expected: number
  readonly worst: number
  /** Number of [fit][shift]. */
  readonly responses: number
  readonly cells: number
}

export function classLayout(fits: number): ClassLayout {
  const responses = fits * SHIFT_COUNT
  const groups = 4
  const win = groups + GROUPS * CLASS_GROUP.cells
  const expected = win + responses
  const worst = expected + responses * PPM_CENTS_CELLS
  return {
    support: 0,
    impacted: 3,
    groups,
    win,
    expected,
    worst,
    responses,
    cells: worst + responses * PPM_CENTS_CELLS,
  }
}
