import { compiledLoop } from './compiled-loop.ts'
import { decidingText } from './deciding-text.ts'
import type { fastMarginBps, fastNetCents } from './fast-arithmetic.ts'
import { type LoopInputs, LoopParts } from './loop-parts.ts'
import type { Run } from './runs.ts'
import type { SettledRule } from './settle.ts'
import type { PreparedSnapshot } from './snapshot.ts'

/** Places of the sums of a tally; cents are low + high * 2^40. */
export const TALLY = {
  attributeAbsent: 0,
  costAbsent: 1,
  approvals: 2,
  violations: 3,
  marginBps: 4,
  netLow: 5,
  netHigh: 6,
  profitLow: 7,
  profitHigh: 8,
  cells: 9,
} as const

/** Prices are at most 2 * 10^12, so that many of them stay below 2^53. */
const BLOCK_ROWS = 4_096

/** Adds the decisions on prepared rows [from, to) of one run to `sums`. */
export interface TallyLoop {
  readonly inputs: LoopInputs
  add(
    inputs: LoopInputs,
    from: number,
    to: number,
    sums: Float64Array,
    netOf: typeof fastNetCents,
    marginOf: typeof fastMarginBps,
  ): void
}

/** The loop of a settled policy over the rows of one run. */
export function tallyLoop(rules: readonly SettledRule[], run: Run, snapshot: PreparedSnapshot): TallyLoop {
  const parts = new LoopParts()
  const deciding = decidingText(rules, run, snapshot, parts)
  const { absent, costNeeded, marginBps, approval, effects } = deciding
  const violations = effects.filter(({ rule }) => rule.kind !== 'approval').map(({ hit }) => hit)
  const text = `${parts.bindings}
${Object.entries(LOCALS)
  .map(([local, cell]) => `let ${local} = sums[${cell}]`)
  .join('\n')}
for (let start = from; start < to; start += ${BLOCK_ROWS}) {
const end = Math.min(to, start + ${BLOCK_ROWS})
let nets = 0, profits = 0
for (let row = start; row < end; row += 1) {
${parts.loads}
${deciding.lines}
${absent === null ? '' : `if (${absent}) { attributeAbsent += 1; continue }`}
${costNeeded === null ? '' : `if (${costNeeded}) { costAbsent += 1; continue }`}
approvals += ${approval}
${violations.map(hit => `violations += ${hit}`).join('\n')}
nets += net
${marginBps === null ? '' : `margins += ${marginBps}\nprofits += net - ${parts.column(snapshot.costCents)}`}
}
${carried('net', 'nets')}
${carried('profit', 'profits')}
}
${Object.entries(LOCALS)
  .map(([local, cell]) => `sums[${cell}] = ${local}`)
  .join('\n')}`
  const add = compiledLoop<TallyLoop['add']>(['inputs', 'from', 'to', 'sums', 'netOf', 'marginOf'], text)
  return { inputs: parts.inputs, add }
}

const LOCALS = {
  attributeAbsent: TALLY.attributeAbsent,
  costAbsent: TALLY.costAbsent,
  approvals: TALLY.approvals,
  violations: TALLY.violations,
  margins: TALLY.marginBps,
  netLow: TALLY.netLow,
  netHigh: TALLY.netHigh,
  profitLow: TALLY.profitLow,
  profitHigh: TALLY.profitHigh,
} as const

/** Leaves 0 <= low < 2^40, so that the next block's sum still fits. */
const carried = (sum: string, block: string): string => `{
const whole = ${sum}Low + ${block}
const high = Math.floor(whole / ${2 ** 40})
${sum}High += high
${sum}Low = whole - high * ${2 ** 40}
}`
