import { MARGIN_DELTA_BINS } from '../../domain/replay.ts'
import type { Block } from './base-rows.ts'
import { bump, type CandidateState } from './candidate-state.ts'
import type { ChangedRules } from './effect-index.ts'
import type { BlockDecisions } from './kernel.ts'
import { BIN_COUNT, GROUP, ZERO_BIN } from './layout.ts'
import type { Plan } from './plan.ts'
import { Reach } from './reach.ts'
import { ResponseSums } from './response-sums.ts'
import { supportClass } from './support-table.ts'
import { addCents } from './wide.ts'

/** What the candidate changes on the row at hand. */
export interface Difference {
  row: number
  place: number
  segmentCode: number
  costKnown: boolean
  marginBps: number
  approvals: number
  violations: number
  /** With the full fit at the point slope; expected in ppm-cents as low + middle * 2^20. Zero without a model. */
  winPpm: number
  expectedLow: number
  expectedMiddle: number
}

/** Adds up impacted quotes of any candidate against the base, one block at a time. */
export class ImpactedRows {
  readonly #plan: Plan
  readonly #base: BlockDecisions
  readonly #response: ResponseSums | null
  readonly #reach: Reach
  readonly #difference: Difference = {
    row: 0,
    place: 0,
    segmentCode: 0,
    costKnown: false,
    marginBps: 0,
    approvals: 0,
    violations: 0,
    winPpm: 0,
    expectedLow: 0,
    expectedMiddle: 0,
  }

  constructor(plan: Plan, base: BlockDecisions) {
    this.#plan = plan
    this.#base = base
    this.#reach = new Reach(plan)
    this.#response = plan.response === null ? null : new ResponseSums(plan, plan.response, base)
  }

  beginBlock(): void {
    this.#response?.beginBlock()
  }

  beginCandidate(): void {
    this.#response?.beginCandidate()
  }

  /** Adds what the block gathered for one candidate to its sums. */
  endBlock(state: CandidateState): void {
    this.#response?.endBlock(state.cells)
    this.#reach.endBlock(state)
  }

  add(
    block: Block,
    place: number,
    changes: ChangedRules,
    decided: BlockDecisions,
    state: CandidateState,
  ): void {
    const { snapshot } = this.#plan
    const base = this.#base
    const difference = this.#difference
    const row = block.rows[place] as number
    difference.row = row
    difference.place = place
    difference.segmentCode = snapshot.segment.codes[row] as number
    difference.costKnown = !Number.isNaN(snapshot.costCents[row] as number)
    difference.marginBps = difference.costKnown
      ? (decided.marginBps[place] as number) - (base.marginBps[place] as number)
      : 0
    difference.approvals = (decided.approval[place] as number) - (base.approval[place] as number)
    difference.violations = (decided.violations[place] as number) - (base.violations[place] as number)
    difference.winPpm = 0
    difference.expectedLow = 0
    difference.expectedMiddle = 0
    this.#addValues(decided, state.cells)
    if (decided.grantedBps[place] !== base.grantedBps[place] || difference.approvals !== 0) {
      const support = this.#moveSupport(block, decided, state.cells)
      if (this.#response === null) this.#takeProfitAsExpected(decided)
      else this.#response.add(difference, decided, support === EXTRAPOLATED)
      const rank = snapshot.rank[row] as number
      state.losing.offer(row, rank, difference.expectedLow, difference.expectedMiddle)
      state.gaining.offer(row, rank, difference.expectedLow, difference.expectedMiddle)
    }
    const granted = decided.grantedBps[place] as number
    changes.find(
      base.words,
      decided.words,
      place * changes.words.length,
      base.grantedBps[place] as number,
      granted,
    )
    this.#reach.add(difference, changes.words)
    const cluster = snapshot.clusterCodes[row] as number
    state.clusters[cluster >> 3] = (state.clusters[cluster >> 3] as number) | (1 << (cluster & 7))
  }

  /** Money, margin, approvals and violations: what needs no model. */
  #addValues(decided: BlockDecisions, cells: Float64Array): void {
    const { snapshot, layout, thin } = this.#plan
    const { row, place, segmentCode, costKnown, marginBps, approvals, violations } = this.#difference
    const netWas = this.#base.netCents[place] as number
    const netDelta = (decided.netCents[place] as number) - netWas
    const inGroup = layout.groups + (snapshot.group[row] as number) * GROUP.cells
    bump(cells, layout.impacted, 1)
    bump(cells, layout.impactedThin, thin[segmentCode] as number)
    addCents(cells, layout.impactedValue, netWas)
    bump(cells, inGroup + GROUP.approvalsDelta, approvals)
    bump(cells, inGroup + GROUP.violationsDelta, violations)
    addCents(cells, inGroup + GROUP.netDelta, netDelta)
    if (approvals < 0) addCents(cells, inGroup + GROUP.approvalLost, netWas)
    if (snapshot.latency !== null) {
      bump(cells, inGroup + GROUP.latencyDelta, approvals * (snapshot.latency[segmentCode] as number))
    }
    if (!costKnown) return
    bump(cells, inGroup + GROUP.marginDelta, marginBps)
    addCents(cells, inGroup + GROUP.profitDelta, netDelta)
    bump(cells, layout.bins + ZERO_BIN, -1)
    bump(cells, layout.bins + binOf(marginBps), 1)
  }

  #moveSupport(block: Block, decided: BlockDecisions, cells: Float64Array): number {
    const { snapshot, layout } = this.#plan
    const { row, place, segmentCode } = this.#difference
    const logged = {
      discountBps: snapshot.loggedDiscountBps[row] as number,
      approval: snapshot.loggedApproval[row] as number,
    }
    const granted = decided.grantedBps[place] as number
    const approval = decided.approval[place] as number
    const support = supportClass(snapshot.support, segmentCode, logged, granted, approval)
    bump(cells, layout.support + (block.support[place] as number), -1)
    bump(cells, layout.support + support, 1)
    return support
  }

  /** Without a model movers are ranked by profit; as the cost is the same, its difference is that of the net. */
  #takeProfitAsExpected(decided: BlockDecisions): void {
    const difference = this.#difference
    if (!difference.costKnown) return
    const { place } = difference
    difference.expectedLow = (decided.netCents[place] as number) - (this.#base.netCents[place] as number)
  }
}

const EXTRAPOLATED = 2

/** Number of the first bin whose upper bound is not below the delta. */
function binOf(marginBps: number): number {
  let bin = 0
  while (bin < BIN_COUNT - 1 && marginBps > (MARGIN_DELTA_BINS[bin] as number)) bin += 1
  return bin
}
