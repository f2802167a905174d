import type { PolicyTally } from '../../src/domain/tally.ts'

/** A database's one row as a tally; sums come as numbers, wide integers or digits. */
export function rowTally(row: Readonly<Record<string, unknown>>): PolicyTally {
  const wide = (name: string): bigint => BigInt(row[name] as string | number | bigint)
  const count = (name: string): number => Number(wide(name))
  return {
    decided: count('decided'),
    attribute_absent: count('attribute_absent'),
    cost_absent: 0,
    approvals: count('approvals'),
    violations: count('violations'),
    net_cents: wide('net_cents'),
    profit_cents: wide('profit_cents'),
    margin_bps: count('margin_bps'),
  }
}
