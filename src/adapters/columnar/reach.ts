import type { Block } from './base-rows.ts'
import { bump, type CandidateState } from './candidate-state.ts'
import type { ChangedRules } from './effect-index.ts'
import type { Impacted } from './impacted-rows.ts'
import { BLOCK_ROWS, type BlockDecisions } from './kernel.ts'
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
  readonly #base: BlockDecisions
  readonly #words: number
  readonly #steps: PairIndex
  readonly #kinds = new PairIndex(BLOCK_ROWS)
  /** [kind] a row of it, and the bits of the rules that changed it. */
  readonly #row = new Int32Array(BLOCK_ROWS)
  readonly #rules: Int32Array
  /** [kind][KIND]; sums of 1024 quotes stay below 2^53. */
  readonly #sums = new Float64Array(BLOCK_ROWS * KIND.cells)

  constructor(plan: Plan, base: BlockDecisions) {
    this.#plan = plan
    this.#base = base
    this.#words = plan.index.words
    this.#steps = new PairIndex(BLOCK_ROWS * (this.#words + 1))
    this.#rules = new Int32Array(BLOCK_ROWS * this.#words)
  }

  /** Adds impacted quotes of one candidate to its sums. */
  add(
    { rows }: Block,
    impacted: Impacted,
    changes: ChangedRules,
    decided: BlockDecisions,
    state: CandidateState,
  ): void {
    const { costCents } = this.#plan.snapshot
    const base = this.#base
    const sums = this.#sums
    const { count, places, marginBps, winPpm, expectedLow, expectedMiddle } = impacted
    for (let at = 0; at < count; at += 1) {
      const place = places[at] as number
      const row = rows[place] as number
      changes.find(
        base.words,
        decided.words,
        place * this.#words,
        base.grantedBps[place] as number,
        decided.grantedBps[place] as number,
      )
      const kind = this.#kindOf(row, changes.words) * KIND.cells
      const approvals = (decided.approval[place] as number) - (base.approval[place] as number)
      const violations = (decided.violations[place] as number) - (base.violations[place] as number)
      bump(sums, kind + KIND.quotes, 1)
      bump(sums, kind + KIND.withCost, Number.isNaN(costCents[row] as number) ? 0 : 1)
      bump(sums, kind + KIND.marginBps, marginBps[at] as number)
      bump(sums, kind + KIND.approvals, approvals)
      bump(sums, kind + KIND.violations, violations)
      bump(sums, kind + KIND.winPpm, winPpm[at] as number)
      bump(sums, kind + KIND.expectedLow, expectedLow[at] as number)
      bump(sums, kind + KIND.expectedMiddle, expectedMiddle[at] as number)
    }
    this.#endBlock(state)
  }

  /** Adds all kinds to a candidate's sums, and forgets them. */
  #endBlock({ cells, cohorts }: CandidateState): void {
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

  #kindOf(row: number, changed: Int32Array): number {
    let step = this.#plan.snapshot.segment.codes[row] as number
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
