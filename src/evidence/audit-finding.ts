import type { JsonObject } from '../domain/units.ts'

/** Tables of a store, rows in order of insertion, as the checker reads them. */
export type StoredTables = Readonly<Record<string, readonly JsonObject[]>>

/** Rows in order of insertion, block by block. */
export type Blocks = AsyncIterable<readonly JsonObject[]> | Iterable<readonly JsonObject[]>

/** A store as the checker reads it, which may be larger than memory. It MUST be one consistent view. */
export interface AuditedStore {
  readonly tables: readonly string[]
  /** The rows of a table, none where it is not among those; may be asked for again. */
  blocks(table: string): Blocks
}

/** Tables at hand as a store. */
export const storeOf = (tables: StoredTables): AuditedStore => ({
  tables: Object.keys(tables),
  blocks: table => [tables[table] ?? []],
})

/** Every row of a table that is small enough to be held; none where there is no such table. */
export async function rowsOf(store: AuditedStore, table: string): Promise<readonly JsonObject[]> {
  const rows: JsonObject[] = []
  if (store.tables.includes(table)) for await (const block of store.blocks(table)) rows.push(...block)
  return rows
}

/** One thing that is not as it was written. */
export type AuditFinding = {
  readonly code: AuditFindingCode
  /** Table and key, such as `policy_apply_record apply_12ab…`. */
  readonly where: string
  readonly expected: string
  readonly found: string
}

export type AuditFindingCode =
  | 'installation_missing'
  | 'installation_replaced'
  | 'entry_index_wrong'
  | 'entry_order_wrong'
  | 'tree_altered'
  | 'entry_altered'
  | 'entry_columns_differ'
  | 'row_unrecorded'
  | 'row_missing'
  | 'row_altered'
  | 'row_order_altered'
  | 'illegal_change'
  | 'content_altered'
  | 'activation_wrong'
  | 'structure_altered'
  | 'keyring_untrusted'
  | 'actor_unsigned'
  | 'signature_invalid'
  | 'record_differs_from_signed'
  | 'duty_not_separated'
  | 'log_rewritten'
  | 'log_set_back'
  | 'checkpoint_invalid'
  | 'checkpoint_old'
  | 'proof_invalid'

export const finding = (
  code: AuditFindingCode,
  where: string,
  expected: unknown,
  found: unknown,
): AuditFinding => ({ code, where, expected: said(expected), found: said(found) })

const said = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
