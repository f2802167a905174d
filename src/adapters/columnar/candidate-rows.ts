import type { Block } from './base-rows.ts'
import { bump, type CandidateState } from './candidate-state.ts'
import type { ChangedRules } from './effect-index.ts'
import { ImpactedRows } from './impacted-rows.ts'
import { ATTRIBUTE_ABSENT, type BlockDecisions, COST_ABSENT, DECIDED } from './kernel.ts'
import { GROUP, SLICE, ZERO_BIN } from './layout.ts'
import type { Plan } from './plan.ts'
import { addCents } from './wide.ts'

/** Compares candidates with the base on one block at a time and adds up what differs. */
export class CandidateRows {
  readonly #plan: Plan
  readonly #base: BlockDecisions
  readonly #impacted: ImpactedRows

  constructor(plan: Plan, base: BlockDecisions) {
    this.#plan = plan
    this.#base = base
    this.#impacted = new ImpactedRows(plan, base)
  }

  beginBlock(): void {
    this.#impacted.beginBlock()
  }

  add(block: Block, changes: ChangedRules, decided: BlockDecisions, state: CandidateState): void {
    const base = this.#base
    const { layout } = this.#plan
    this.#impacted.begin()
    for (let place = 0; place < block.count; place += 1) {
      const was = base.status[place] as number
      const is = decided.status[place] as number
      if (was === DECIDED && is === DECIDED) {
        if (!this.#same(decided, place, changes)) this.#impacted.note(place)
      } else if (was === DECIDED) {
        bump(state.cells, is === ATTRIBUTE_ABSENT ? layout.attributeAbsent : layout.costAbsent, 1)
        this.#takeAway(block, place, state.cells)
      } else if (was === COST_ABSENT && is === ATTRIBUTE_ABSENT) {
        bump(state.cells, layout.attributeAbsent, 1)
        bump(state.cells, layout.costAbsent, -1)
      }
    }
    this.#impacted.add(block, changes, decided, state)
  }

  #same(decided: BlockDecisions, place: number, changes: ChangedRules): boolean {
    const base = this.#base
    return (
      decided.grantedBps[place] === base.grantedBps[place] &&
      decided.approval[place] === base.approval[place] &&
      !changes.shows(base.words, decided.words, place * changes.words.length)
    )
  }

  /** A quote that the base decides and the candidate does not is not scored. */
  #takeAway(block: Block, place: number, cells: Float64Array): void {
    const { layout, snapshot } = this.#plan
    const base = this.#base
    const row = block.rows[place] as number
    const net = base.netCents[place] as number
    const cost = snapshot.costCents[row] as number
    const inGroup = layout.groups + (snapshot.group[row] as number) * GROUP.cells
    const slices = [
      layout.segments + (snapshot.segment.codes[row] as number) * SLICE.cells,
      layout.regions + (snapshot.region.codes[row] as number) * SLICE.cells,
    ]
    bump(cells, layout.support + (block.support[place] as number), -1)
    bump(cells, inGroup + GROUP.lostScored, 1)
    bump(cells, inGroup + GROUP.lostApprovals, base.approval[place] as number)
    bump(cells, inGroup + GROUP.lostViolations, base.violations[place] as number)
    addCents(cells, inGroup + GROUP.lostNet, net)
    for (const slice of slices) bump(cells, slice + SLICE.lostScored, 1)
    if (Number.isNaN(cost)) return
    bump(cells, inGroup + GROUP.lostWithCost, 1)
    bump(cells, layout.bins + ZERO_BIN, -1)
    addCents(cells, inGroup + GROUP.lostProfit, net - cost)
    addCents(cells, inGroup + GROUP.lostNetWithCost, net)
    for (const slice of slices) bump(cells, slice + SLICE.lostWithCost, 1)
  }
}
