import type { CheckedPolicy } from '../../domain/policy.ts'
import type { PolicyTally } from '../../domain/tally.ts'
import { fastMarginBps, fastNetCents } from './fast-arithmetic.ts'
import { knownIn } from './runs.ts'
import { settlePolicy } from './settle.ts'
import type { PreparedSnapshot } from './snapshot.ts'
import { TALLY, type TallyLoop, tallyLoop } from './tally-loop.ts'
import { readCents } from './wide.ts'

/** Adds up what one policy decides on ranges of prepared rows, in one thread. */
export class TallyRows {
  readonly #policy: CheckedPolicy
  readonly #snapshot: PreparedSnapshot
  readonly #loops: TallyLoop[] = []
  readonly #sums = new Float64Array(TALLY.cells)

  constructor(policy: CheckedPolicy, snapshot: PreparedSnapshot) {
    this.#policy = policy
    this.#snapshot = snapshot
  }

  /** Adds the rows of [from, to). */
  run(from: number, to: number): void {
    for (const [number, run] of this.#snapshot.runs.entries()) {
      const start = Math.max(from, run.from)
      const end = Math.min(to, run.to)
      if (start >= end) continue
      const { add, inputs } = this.#loopOver(number)
      add(inputs, start, end, this.#sums, fastNetCents, fastMarginBps)
    }
  }

  /** By the places of TALLY. */
  sums(): Float64Array {
    return this.#sums
  }

  #loopOver(number: number): TallyLoop {
    const known = this.#loops[number]
    if (known !== undefined) return known
    const snapshot = this.#snapshot
    const run = snapshot.runs[number] as PreparedSnapshot['runs'][number]
    const loop = tallyLoop(settlePolicy(this.#policy, knownIn(run, snapshot.attributes)), run, snapshot)
    this.#loops[number] = loop
    return loop
  }
}

/** The tally that the sums of all threads amount to; together they saw every one of `rows` rows once. */
export function tallyOf(partitions: readonly Float64Array[], rows: number): PolicyTally {
  const at = (cell: number): number => partitions.reduce((sum, cells) => sum + (cells[cell] as number), 0)
  const cents = (cell: number): bigint => partitions.reduce((sum, cells) => sum + readCents(cells, cell), 0n)
  const attributeAbsent = at(TALLY.attributeAbsent)
  const costAbsent = at(TALLY.costAbsent)
  return {
    decided: rows - attributeAbsent - costAbsent,
    attribute_absent: attributeAbsent,
    cost_absent: costAbsent,
    approvals: at(TALLY.approvals),
    violations: at(TALLY.violations),
    net_cents: cents(TALLY.netLow),
    profit_cents: cents(TALLY.profitLow),
    margin_bps: at(TALLY.marginBps),
  }
}
