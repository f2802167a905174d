import type { CheckedPolicy } from '../../domain/policy.ts'
import type { PolicyTally } from '../../domain/tally.ts'
import { fastMarginBps, fastNetCents } from './fast-arithmetic.ts'
import { knownIn } from './runs.ts'
import { settlePolicy } from './settle.ts'
import type { PreparedSnapshot } from './snapshot.ts'
import { TALLY, tallyLoop } from './tally-loop.ts'
import { readCents } from './wide.ts'

/** Sums of one policy over the prepared rows [from, to), by the places of TALLY. */
export function tallyRows(
  policy: CheckedPolicy,
  snapshot: PreparedSnapshot,
  from: number,
  to: number,
): Float64Array {
  const sums = new Float64Array(TALLY.cells)
  for (const run of snapshot.runs) {
    const start = Math.max(from, run.from)
    const end = Math.min(to, run.to)
    if (start >= end) continue
    const loop = tallyLoop(settlePolicy(policy, knownIn(run, snapshot.attributes)), run, snapshot)
    loop.add(loop.inputs, start, end, sums, fastNetCents, fastMarginBps)
  }
  return sums
}

/** The tally that sums over all rows of a snapshot amount to. */
export function tallyOf(sums: Float64Array, rows: number): PolicyTally {
  const at = (cell: number): number => sums[cell] as number
  const absent = at(TALLY.attributeAbsent) + at(TALLY.costAbsent)
  return {
    decided: rows - absent,
    attribute_absent: at(TALLY.attributeAbsent),
    cost_absent: at(TALLY.costAbsent),
    approvals: at(TALLY.approvals),
    violations: at(TALLY.violations),
    net_cents: readCents(sums, TALLY.netLow),
    profit_cents: readCents(sums, TALLY.profitLow),
    margin_bps: at(TALLY.marginBps),
  }
}
