import { type AuditedStore, type AuditFinding, type Blocks, finding } from './audit-finding.ts'
import type { ReadEntry } from './audit-log-check.ts'
import { digestOf } from './canonical.ts'

/** The column that names a row. Stated here again, so that the checker does not lean on the writer. */
const KEYS: Readonly<Record<string, string>> = {
  policy_version: 'version',
  policy_activation: 'epoch',
  thresholds_version: 'version',
  keyring: 'version',
  safety_pause: 'sequence',
  artifact: 'digest',
  history_snapshot: 'snapshot_id',
  review_packet: 'packet_id',
  actor_key: 'key_id',
  actor_key_revocation: 'key_id',
  installation: 'installation_id',
  checkpoint: 'size',
}

/** The log itself and its tree, which no entry could name. */
const UNRECORDED: readonly string[] = ['policy_lifecycle_audit', 'audit_node']

/** Tables of which a row may change after it was written, by an entry that says so. */
const CHANGING: readonly string[] = ['policy_candidate', 'policy_approval_decision']

/** What the log says of one row. */
interface Recorded {
  /** Of the newest entry that wrote the row. */
  digest: string
  /** Place among the rows of its table, by the entry that first wrote it. */
  readonly order: number
  seen: boolean
}

/**
 * Compares every row of every table with the newest digest the log holds of it, and the order of rows with that of the log. Of a row
 * it keeps name and digest only.
 */
export class RowChecker {
  readonly #recorded = new Map<string, Map<string, Recorded>>()
  readonly #illegal: AuditFinding[] = []

  /** Takes the next entry of the log; all of them before any row. */
  read({ rows, where }: ReadEntry): void {
    for (const { change, table, key, digest } of rows) {
      let recorded = this.#recorded.get(table)
      if (recorded === undefined) {
        recorded = new Map()
        this.#recorded.set(table, recorded)
      }
      const written = recorded.get(key)
      const legal =
        change === 'inserted' ? written === undefined : written !== undefined && CHANGING.includes(table)
      if (!legal)
        this.#illegal.push(finding('illegal_change', where, 'rows written once', `${table} ${key} ${change}`))
      if (written === undefined) recorded.set(key, { digest, order: recorded.size, seen: false })
      else written.digest = digest
    }
  }

  async findings(store: AuditedStore): Promise<readonly AuditFinding[]> {
    const findings = [...this.#illegal]
    for (const table of store.tables) {
      if (!UNRECORDED.includes(table))
        findings.push(...(await this.#tableFindings(table, store.blocks(table))))
    }
    for (const [table, recorded] of this.#recorded) {
      for (const [key, { digest, seen }] of recorded) {
        if (!seen) findings.push(finding('row_missing', `${table} ${key}`, digest, null))
      }
    }
    return findings
  }

  async #tableFindings(table: string, blocks: Blocks): Promise<readonly AuditFinding[]> {
    const findings: AuditFinding[] = []
    const recorded = this.#recorded.get(table) ?? new Map<string, Recorded>()
    const stored: number[] = []
    for await (const block of blocks) {
      for (const row of block) {
        const key = String(row[KEYS[table] ?? 'id'])
        const where = `${table} ${key}`
        const digest = digestOf(row)
        const known = recorded.get(key)
        if (known === undefined) {
          findings.push(finding('row_unrecorded', where, 'an entry of the log', digest))
          continue
        }
        if (known.digest !== digest) findings.push(finding('row_altered', where, known.digest, digest))
        known.seen = true
        stored.push(known.order)
      }
    }
    return [...findings, ...orderFindings(table, stored, recorded)]
  }
}

/** `last` decides what is active, so the order of rows is as much a part of the state as their content. */
function orderFindings(
  table: string,
  stored: readonly number[],
  recorded: ReadonlyMap<string, Recorded>,
): readonly AuditFinding[] {
  if (stored.every((order, at) => at === 0 || order > (stored[at - 1] as number))) return []
  const written = [...new Set(stored)].sort((a, b) => a - b)
  const at = written.findIndex((order, place) => stored[place] !== order)
  const keys = [...recorded.keys()]
  // Where all agree as far as rows were written, the rest stands there twice.
  const [expected, found] = at < 0 ? [undefined, stored[written.length]] : [written[at], stored[at]]
  return [finding('row_order_altered', table, keys[expected ?? -1] ?? null, keys[found ?? -1] ?? null)]
}
