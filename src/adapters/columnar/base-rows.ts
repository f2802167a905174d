import { ATTRIBUTE_ABSENT, BLOCK_ROWS, type BlockDecisions, DECIDED } from './kernel.ts'
import { BASE_GROUP, BASE_SLICE } from './layout.ts'
import type { Plan } from './plan.ts'
import { supportClass } from './support-table.ts'
import { addCents } from './wide.ts'

const OPEN = 0

/** The rows of a block to decide: in scope and closed. */
export interface Block {
  count: number
  readonly rows: Int32Array
  /** Class of the base's decision, by place. */
  readonly support: Uint8Array
}

export const emptyBlock = (): Block => ({
  count: 0,
  rows: new Int32Array(BLOCK_ROWS),
  support: new Uint8Array(BLOCK_ROWS),
})

/** Picks the rows of [from, to) to decide and counts the others. */
export function pickRows(plan: Plan, cells: Float64Array, block: Block, from: number, to: number): void {
  const { inScope, snapshot, baseLayout } = plan
  let count = 0
  let open = 0
  for (let row = from; row < to; row += 1) {
    if (inScope[row] === 0) continue
    if (snapshot.outcome[row] === OPEN) open += 1
    else block.rows[count++] = row
  }
  block.count = count
  cells[baseLayout.open] = (cells[baseLayout.open] as number) + open
  cells[baseLayout.inScope] = (cells[baseLayout.inScope] as number) + open + count
}

/** Adds the base's decisions on a block to its sums. */
export function addBase(plan: Plan, cells: Float64Array, block: Block, base: BlockDecisions): void {
  const { snapshot, baseLayout: at } = plan
  const { costCents, group, loggedApproval, loggedDiscountBps, segment, region } = snapshot
  const add = (cell: number, amount: number): void => {
    cells[cell] = (cells[cell] as number) + amount
  }
  for (let place = 0; place < block.count; place += 1) {
    const status = base.status[place] as number
    if (status !== DECIDED) {
      add(status === ATTRIBUTE_ABSENT ? at.attributeAbsent : at.costAbsent, 1)
      continue
    }
    const row = block.rows[place] as number
    const net = base.netCents[place] as number
    const cost = costCents[row] as number
    const approval = base.approval[place] as number
    const segmentCode = segment.codes[row] as number
    const logged = {
      discountBps: loggedDiscountBps[row] as number,
      approval: loggedApproval[row] as number,
    }
    const granted = base.grantedBps[place] as number
    const support = supportClass(snapshot.support, segmentCode, logged, granted, approval)
    block.support[place] = support
    add(at.support + support, 1)
    const inGroup = at.groups + (group[row] as number) * BASE_GROUP.cells
    const inSegment = at.segments + segmentCode * BASE_SLICE.cells
    const inRegion = at.regions + (region.codes[row] as number) * BASE_SLICE.cells
    add(inGroup + BASE_GROUP.scored, 1)
    add(inSegment + BASE_SLICE.scored, 1)
    add(inRegion + BASE_SLICE.scored, 1)
    add(inGroup + BASE_GROUP.approvals, approval)
    add(inGroup + BASE_GROUP.violations, base.violations[place] as number)
    addCents(cells, inGroup + BASE_GROUP.net, net)
    if (Number.isNaN(cost)) continue
    add(inGroup + BASE_GROUP.withCost, 1)
    add(inSegment + BASE_SLICE.withCost, 1)
    add(inRegion + BASE_SLICE.withCost, 1)
    addCents(cells, inGroup + BASE_GROUP.profit, net - cost)
    addCents(cells, inGroup + BASE_GROUP.netWithCost, net)
  }
}
