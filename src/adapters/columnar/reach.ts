import { bump, type CandidateState } from './candidate-state.ts'
import type { Difference } from './impacted-rows.ts'
import { BLOCK_ROWS } from './kernel.ts'
import { SLICE } from './layout.ts'
import { PairIndex } from './pair-index.ts'
import type { Plan } from './plan.ts'
import { addPpmCents } from './wide.ts'

/** Sums of impacted quotes that are alike: same segment, same region, changed by the same rules. */
const KIND = {
  quotes: 0,
  withCost: 1,
  marginBps: 2,
  approvals: 3,
  violations: 4,
  winPpm: 5,
  expectedLow: 6,
  expectedMiddle: 7,
  cells: 8,
} as const

/** Which segments, regions, rules and cohorts a candidate reaches in the block at hand, and with what. */
export class Reach {
  readonly #plan: Plan
  readonly #words: number
  readonly #steps: PairIndex
  readonly #kinds = new PairIndex(BLOCK_ROWS)
  /** [kind] a row of it, and the bits of the rules that changed it. */
  readonly #row = new Int32Array(BLOCK_ROWS)
  readonly #rules: Int32Array
  /** [kind][KIND]; sums of 1024 quotes stay below 2^53. */
  readonly #sums = new Float64Array(BLOCK_ROWS * KIND.cells)

  constructor(plan: Plan) {
    this.#plan = plan
    this.#words = plan.index.words
    this.#steps = new PairIndex(BLOCK_ROWS * (this.#words + 1))
    this.#rules = new Int32Array(BLOCK_ROWS * this.#words)
  }

  /** Adds a quote that the rules of `changed` changed. */
  add(difference: Difference, changed: Int32Array): void {
    const sums = this.#sums
    const at = this.#kindOf(difference, changed) * KIND.cells
    bump(sums, at + KIND.quotes, 1)
    bump(sums, at + KIND.withCost, difference.costKnown ? 1 : 0)
    bump(sums, at + KIND.marginBps, difference.marginBps)
    bump(sums, at + KIND.approvals, difference.approvals)
    bump(sums, at + KIND.violations, difference.violations)
    bump(sums, at + KIND.winPpm, difference.winPpm)
    bump(sums, at + KIND.expectedLow, difference.expectedLow)
    bump(sums, at + KIND.expectedMiddle, difference.expectedMiddle)
  }

  /** Adds all kinds to a candidate's sums, and forgets them. */
  endBlock({ cells, cohorts }: CandidateState): void {
    const { snapshot, layout } = this.#plan
    for (let kind = 0; kind < this.#kinds.count; kind += 1) {
      const row = this.#row[kind] as number
      const segment = snapshot.segment.codes[row] as number
      const region = snapshot.region.codes[row] as number
      this.#addSlice(kind, cells, layout.segments + segment * SLICE.cells)
      this.#addSlice(kind, cells, layout.regions + region * SLICE.cells)
      for (let word = 0; word < this.#words; word += 1) {
        const changed = this.#rules[kind * this.#words + word] as number
        for (let rest = changed; rest !== 0; rest &= rest - 1) {
          const rule = 32 * word + 31 - Math.clz32(rest & -rest)
          this.#addSlice(kind, cells, layout.rules + rule * SLICE.cells)
        }
      }
      const cohort = segment * snapshot.region.keys.length + region
      const quotes = this.#sums[kind * KIND.cells + KIND.quotes] as number
      cohorts.set(cohort, (cohorts.get(cohort) ?? 0) + quotes)
    }
    this.#steps.forget()
    this.#kinds.forget()
  }

  #kindOf({ row, segmentCode }: Difference, changed: Int32Array): number {
    let step = segmentCode
    for (let word = 0; word < this.#words; word += 1) {
      step = this.#steps.numberOf(step, changed[word] as number)
    }
    const before = this.#kinds.count
    const kind = this.#kinds.numberOf(step, this.#plan.snapshot.region.codes[row] as number)
    if (kind === before) {
      this.#row[kind] = row
      this.#rules.set(changed, kind * this.#words)
      this.#sums.fill(0, kind * KIND.cells, (kind + 1) * KIND.cells)
    }
    return kind
  }

  #addSlice(kind: number, cells: Float64Array, slice: number): void {
    const at = kind * KIND.cells
    const sum = (cell: number): number => this.#sums[at + cell] as number
    bump(cells, slice + SLICE.impacted, sum(KIND.quotes))
    bump(cells, slice + SLICE.impactedWithCost, sum(KIND.withCost))
    bump(cells, slice + SLICE.marginDelta, sum(KIND.marginBps))
    bump(cells, slice + SLICE.approvalsDelta, sum(KIND.approvals))
    bump(cells, slice + SLICE.violationsDelta, sum(KIND.violations))
    if (this.#plan.response === null) return
    bump(cells, slice + SLICE.winDelta, sum(KIND.winPpm))
    addPpmCents(cells, slice + SLICE.expected, sum(KIND.expectedLow), sum(KIND.expectedMiddle))
  }
}
