import { bump } from '../candidate-state.ts'
import { BASE_GROUP, BASE_SLICE, type BaseLayout } from '../layout.ts'
import { supportClass } from '../support-table.ts'
import { addBlockCents } from '../wide.ts'
import type { ClassAtWork } from './class-group.ts'
import { bitCount, maskAt, masksFrom } from './class-move.ts'
import type { Outcome } from './class-rules.ts'
import type { SettingQuotes } from './distinct-quotes.ts'
import type { PricedRuns } from './priced-runs.ts'
import type { SettingRuns } from './setting-runs.ts'

/** The sums of a base, as a replay of it gives them. Right where no row's replayability hangs on the setting. */
export function baseSums(
  layout: BaseLayout,
  quotes: SettingQuotes,
  runs: SettingRuns,
  priced: PricedRuns,
  classes: readonly (ClassAtWork & { readonly outcome: Outcome })[],
): Float64Array {
  const cells = new Float64Array(layout.cells)
  const { open, attributeAbsent, costAbsent } = runs
  const decided = runs.weight.reduce((sum, weight) => sum + weight, 0)
  cells[layout.open] = open
  cells[layout.attributeAbsent] = attributeAbsent
  cells[layout.costAbsent] = costAbsent
  cells[layout.inScope] = open + attributeAbsent + costAbsent + decided
  for (const each of classes) addClassBase(cells, layout, quotes, runs, priced, each)
  return cells
}

function addClassBase(
  cells: Float64Array,
  layout: BaseLayout,
  quotes: SettingQuotes,
  runs: SettingRuns,
  priced: PricedRuns,
  { rows: { from, to, known }, rules, place: slices, outcome }: ClassAtWork & { readonly outcome: Outcome },
): void {
  const { start, requestedBps, row: rowOf, weight, group, costCents } = runs
  const [signs, violates] = [rules.approvals.grid, rules.violations.grid]
  let rows = 0
  for (let run = from; run < to; run += 1) {
    const grant = Math.min(requestedBps[run] as number, outcome.capBps)
    const inBase = priced.atBase(run, grant)
    const signsFrom = masksFrom(signs, grant)
    const violatesFrom = masksFrom(violates, grant)
    let [inRun, signed] = [0, 0]
    const end = start[run + 1] as number
    for (let place = start[run] as number; place < end; place += 1) {
      const times = weight[place] as number
      const margin = priced.marginBps[inBase + place] as number
      const net = priced.netCents[inBase + place] as number
      const approval = maskAt(outcome.approvals, signsFrom, signs.margins, margin) & 1
      const violations = bitCount(maskAt(outcome.violations, violatesFrom, violates.margins, margin))
      const inGroup = layout.groups + (group[place] as number) * BASE_GROUP.cells
      bump(cells, inGroup + BASE_GROUP.scored, times)
      bump(cells, inGroup + BASE_GROUP.approvals, times * approval)
      bump(cells, inGroup + BASE_GROUP.violations, times * violations)
      addBlockCents(cells, inGroup + BASE_GROUP.net, times * net)
      inRun += times
      signed += times * approval
      if (!known.costKnown) continue
      bump(cells, inGroup + BASE_GROUP.withCost, times)
      addBlockCents(cells, inGroup + BASE_GROUP.profit, times * (net - (costCents[place] as number)))
      addBlockCents(cells, inGroup + BASE_GROUP.netWithCost, times * net)
    }
    rows += inRun
    const row = rowOf[run] as number
    const logged = {
      discountBps: quotes.loggedDiscountBps[row] as number,
      approval: quotes.loggedApproval[row] as number,
    }
    const sort = (approval: number): number =>
      layout.support + supportClass(quotes.support, slices.segment, logged, grant, approval)
    bump(cells, sort(0), inRun - signed)
    bump(cells, sort(1), signed)
  }
  for (const slice of [
    layout.segments + slices.segment * BASE_SLICE.cells,
    layout.regions + slices.region * BASE_SLICE.cells,
  ]) {
    bump(cells, slice + BASE_SLICE.scored, rows)
    if (known.costKnown) bump(cells, slice + BASE_SLICE.withCost, rows)
  }
}
