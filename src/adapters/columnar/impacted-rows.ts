import { MARGIN_DELTA_BINS } from '../../domain/replay.ts'
import type { Block } from './base-rows.ts'
import { bump, type CandidateState } from './candidate-state.ts'
import { changedRulesInto } from './effect-index.ts'
import { BLOCK_ROWS, type BlockDecisions, type RunKernel } from './kernel.ts'
import { BIN_COUNT, GROUP, SLICE, ZERO_BIN } from './layout.ts'
import type { Plan } from './plan.ts'
import { ResponseSums } from './response-sums.ts'
import { supportClass } from './support-table.ts'
import { addCents, addPpmCents } from './wide.ts'

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
  readonly #baseEffects: Float64Array
  readonly #baseExplained = new Uint8Array(BLOCK_ROWS)
  readonly #effects: Float64Array
  readonly #changed: Int32Array
  #baseLoops: RunKernel | null = null
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
    const rules = plan.index.ruleIds.length
    this.#plan = plan
    this.#base = base
    this.#response = plan.response === null ? null : new ResponseSums(plan, plan.response, base)
    this.#baseEffects = new Float64Array(BLOCK_ROWS * rules)
    this.#effects = new Float64Array(rules)
    this.#changed = new Int32Array(rules)
  }

  beginBlock(base: RunKernel): void {
    this.#baseLoops = base
    this.#baseExplained.fill(0)
    this.#response?.beginBlock()
  }

  beginCandidate(): void {
    this.#response?.beginCandidate()
  }

  endBlock(cells: Float64Array): void {
    this.#response?.endBlock(cells)
  }

  add(block: Block, place: number, kernel: RunKernel, decided: BlockDecisions, state: CandidateState): void {
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
    this.#addSlices(kernel, decided, state.cells)
    this.#addReach(state)
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

  #addSlices(kernel: RunKernel, decided: BlockDecisions, cells: Float64Array): void {
    const { snapshot, layout } = this.#plan
    const { row, place, segmentCode } = this.#difference
    const rules = this.#changed.length
    const was = this.#baseEffects.subarray(place * rules, (place + 1) * rules)
    const grantedWas = this.#base.grantedBps[place] as number
    if (this.#baseExplained[place] === 0) {
      this.#baseExplained[place] = 1
      was.fill(0)
      this.#baseLoops?.explain(row, grantedWas, this.#base.marginBps[place] as number, was)
    }
    const granted = decided.grantedBps[place] as number
    this.#effects.fill(0)
    kernel.explain(row, granted, decided.marginBps[place] as number, this.#effects)
    const changed = changedRulesInto(
      this.#changed,
      { effects: was, grantedBps: grantedWas },
      { effects: this.#effects, grantedBps: granted },
    )
    this.#addSlice(cells, layout.segments + segmentCode * SLICE.cells)
    this.#addSlice(cells, layout.regions + (snapshot.region.codes[row] as number) * SLICE.cells)
    for (let at = 0; at < changed; at += 1) {
      this.#addSlice(cells, layout.rules + (this.#changed[at] as number) * SLICE.cells)
    }
  }

  #addSlice(cells: Float64Array, slice: number): void {
    const difference = this.#difference
    bump(cells, slice + SLICE.impacted, 1)
    bump(cells, slice + SLICE.impactedWithCost, difference.costKnown ? 1 : 0)
    bump(cells, slice + SLICE.marginDelta, difference.marginBps)
    bump(cells, slice + SLICE.approvalsDelta, difference.approvals)
    bump(cells, slice + SLICE.violationsDelta, difference.violations)
    if (this.#response === null) return
    bump(cells, slice + SLICE.winDelta, difference.winPpm)
    addPpmCents(cells, slice + SLICE.expected, difference.expectedLow, difference.expectedMiddle)
  }

  /** Which clusters and cohorts are reached. */
  #addReach({ clusters, cohorts }: CandidateState): void {
    const { snapshot } = this.#plan
    const { row, segmentCode } = this.#difference
    const cluster = snapshot.clusterCodes[row] as number
    clusters[cluster >> 3] = (clusters[cluster >> 3] as number) | (1 << (cluster & 7))
    const cohort = segmentCode * snapshot.region.keys.length + (snapshot.region.codes[row] as number)
    cohorts.set(cohort, (cohorts.get(cohort) ?? 0) + 1)
  }
}

const EXTRAPOLATED = 2

/** Number of the first bin whose upper bound is not below the delta. */
function binOf(marginBps: number): number {
  let bin = 0
  while (bin < BIN_COUNT - 1 && marginBps > (MARGIN_DELTA_BINS[bin] as number)) bin += 1
  return bin
}
