import { MARGIN_DELTA_BINS } from '../../domain/replay.ts'
import type { Block } from './base-rows.ts'
import { bump, type CandidateState } from './candidate-state.ts'
import type { ChangedRules } from './effect-index.ts'
import { BLOCK_ROWS, type BlockDecisions } from './kernel.ts'
import { BIN_COUNT, GROUP, ZERO_BIN } from './layout.ts'
import type { Plan } from './plan.ts'
import { Reach } from './reach.ts'
import { ResponseSums } from './response-sums.ts'
import { supportClass } from './support-table.ts'
import { addBlockCents, addCents, LIMB } from './wide.ts'

/** Classes of support, and a quote whose offer stays. */
export const EXTRAPOLATED = 2
export const SAME_OFFER = 3

/** What a candidate changes on the rows of a block, one impacted quote after the other. */
export interface Impacted {
  count: number
  /** Place in the block. */
  readonly places: Int32Array
  /** Class of support of the candidate's decision, or SAME_OFFER. */
  readonly support: Uint8Array
  /** Difference of margins in basis points; 0 without cost. */
  readonly marginBps: Float64Array
  /** With the full fit at the point slope; expected in ppm-cents as low + middle * 2^20. Without a model the profit instead. */
  readonly winPpm: Float64Array
  readonly expectedLow: Float64Array
  readonly expectedMiddle: Float64Array
}

/**
 * Adds up impacted quotes of any candidate against the base, one block at a time and one concern after the other, so that each loop is
 * short.
 */
export class ImpactedRows {
  readonly #plan: Plan
  readonly #base: BlockDecisions
  readonly #response: ResponseSums | null
  readonly #reach: Reach
  readonly #impacted: Impacted = {
    count: 0,
    places: new Int32Array(BLOCK_ROWS),
    support: new Uint8Array(BLOCK_ROWS),
    marginBps: new Float64Array(BLOCK_ROWS),
    winPpm: new Float64Array(BLOCK_ROWS),
    expectedLow: new Float64Array(BLOCK_ROWS),
    expectedMiddle: new Float64Array(BLOCK_ROWS),
  }

  constructor(plan: Plan, base: BlockDecisions) {
    this.#plan = plan
    this.#base = base
    this.#reach = new Reach(plan, base)
    this.#response = plan.response === null ? null : new ResponseSums(plan, plan.response, base)
  }

  beginBlock(): void {
    this.#response?.beginBlock()
  }

  /** Forgets the candidate before. */
  begin(): void {
    this.#impacted.count = 0
  }

  /** Notes the row at a place of the block as impacted. */
  note(place: number): void {
    this.#impacted.places[this.#impacted.count++] = place
  }

  /** Adds all noted rows to the candidate's sums. */
  add(block: Block, changes: ChangedRules, decided: BlockDecisions, state: CandidateState): void {
    if (this.#impacted.count === 0) return
    this.#addValues(block, decided, state.cells)
    this.#moveSupport(block, decided, state.cells)
    if (this.#response === null) this.#takeProfitAsExpected(block, decided)
    else this.#response.add(block, this.#impacted, decided, state.cells)
    this.#offerMovers(block, state)
    this.#reach.add(block, this.#impacted, changes, decided, state)
    this.#markClusters(block, state.clusters)
  }

  /** Money, margin, approvals and violations: what needs no model. */
  #addValues({ rows }: Block, decided: BlockDecisions, cells: Float64Array): void {
    const { snapshot, layout, thin } = this.#plan
    const { count, places, marginBps } = this.#impacted
    const { costCents, group, latency } = snapshot
    const segments = snapshot.segment.codes
    const base = this.#base
    let value = 0
    let inThin = 0
    for (let at = 0; at < count; at += 1) {
      const place = places[at] as number
      const row = rows[place] as number
      const segment = segments[row] as number
      const netWas = base.netCents[place] as number
      const netDelta = (decided.netCents[place] as number) - netWas
      const approvals = (decided.approval[place] as number) - (base.approval[place] as number)
      const inGroup = layout.groups + (group[row] as number) * GROUP.cells
      value += netWas
      inThin += thin[segment] as number
      bump(cells, inGroup + GROUP.approvalsDelta, approvals)
      bump(
        cells,
        inGroup + GROUP.violationsDelta,
        (decided.violations[place] as number) - (base.violations[place] as number),
      )
      addCents(cells, inGroup + GROUP.netDelta, netDelta)
      if (approvals < 0) addCents(cells, inGroup + GROUP.approvalLost, netWas)
      if (latency !== null && approvals !== 0) {
        bump(cells, inGroup + GROUP.latencyDelta, approvals * (latency[segment] as number))
      }
      marginBps[at] = 0
      if (Number.isNaN(costCents[row] as number)) continue
      const marginDelta = (decided.marginBps[place] as number) - (base.marginBps[place] as number)
      marginBps[at] = marginDelta
      bump(cells, inGroup + GROUP.marginDelta, marginDelta)
      addCents(cells, inGroup + GROUP.profitDelta, netDelta)
      bump(cells, layout.bins + ZERO_BIN, -1)
      bump(cells, layout.bins + binOf(marginDelta), 1)
    }
    bump(cells, layout.impacted, count)
    bump(cells, layout.impactedThin, inThin)
    addBlockCents(cells, layout.impactedValue, value)
  }

  #moveSupport({ rows, support: supportWas }: Block, decided: BlockDecisions, cells: Float64Array): void {
    const { snapshot, layout } = this.#plan
    const { loggedDiscountBps, loggedApproval, support: tables } = snapshot
    const { count, places, support } = this.#impacted
    const segments = snapshot.segment.codes
    const base = this.#base
    for (let at = 0; at < count; at += 1) {
      const place = places[at] as number
      const granted = decided.grantedBps[place] as number
      const approval = decided.approval[place] as number
      if (granted === base.grantedBps[place] && approval === base.approval[place]) {
        support[at] = SAME_OFFER
        continue
      }
      const row = rows[place] as number
      const logged = {
        discountBps: loggedDiscountBps[row] as number,
        approval: loggedApproval[row] as number,
      }
      const is = supportClass(tables, segments[row] as number, logged, granted, approval)
      support[at] = is
      bump(cells, layout.support + (supportWas[place] as number), -1)
      bump(cells, layout.support + is, 1)
    }
  }

  /** Without a model movers are ranked by profit; as the cost is the same, its difference is that of the net. */
  #takeProfitAsExpected({ rows }: Block, decided: BlockDecisions): void {
    const { costCents } = this.#plan.snapshot
    const { count, places, support, expectedLow } = this.#impacted
    for (let at = 0; at < count; at += 1) {
      const place = places[at] as number
      const counts = support[at] !== SAME_OFFER && !Number.isNaN(costCents[rows[place] as number] as number)
      expectedLow[at] = counts
        ? (decided.netCents[place] as number) - (this.#base.netCents[place] as number)
        : 0
    }
  }

  #offerMovers({ rows }: Block, { losing, gaining }: CandidateState): void {
    const { rank } = this.#plan.snapshot
    const { count, places, expectedLow, expectedMiddle } = this.#impacted
    for (let at = 0; at < count; at += 1) {
      const low = expectedLow[at] as number
      const middle = expectedMiddle[at] as number
      const about = middle * LIMB + low
      if (about === 0) continue
      const movers = about < 0 ? losing : gaining
      if (movers.isFull && Math.abs(about) < movers.leastAbout) continue
      const row = rows[places[at] as number] as number
      movers.offer(row, rank[row] as number, low, middle)
    }
  }

  #markClusters({ rows }: Block, clusters: Uint8Array): void {
    const { clusterCodes } = this.#plan.snapshot
    const { count, places } = this.#impacted
    for (let at = 0; at < count; at += 1) {
      const cluster = clusterCodes[rows[places[at] as number] as number] as number
      clusters[cluster >> 3] = (clusters[cluster >> 3] as number) | (1 << (cluster & 7))
    }
  }
}

/** Number of the first bin whose upper bound is not below the delta. */
function binOf(marginBps: number): number {
  let bin = 0
  while (bin < BIN_COUNT - 1 && marginBps > (MARGIN_DELTA_BINS[bin] as number)) bin += 1
  return bin
}
