import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { SqliteTransaction } from '../../src/adapters/sqlite/transaction.ts'
import type { Digest, JsonObject } from '../../src/domain/units.ts'
import { type AuditVerdict, checkAudit, openedStore } from '../../src/evidence/audit-check.ts'
import { type AuditFinding, type StoredTables, storeOf } from '../../src/evidence/audit-finding.ts'
import { canonicalText, digestOf } from '../../src/evidence/canonical.ts'
import { completedBy, leafHash, parentHash } from '../../src/evidence/log-tree.ts'
import { KEY_COLUMNS } from '../../src/evidence/row-digest.ts'
import { auditedStore, everyTable } from '../../src/loop/audit.ts'
import { lineageOf } from '../../src/loop/lineage.ts'
import { copyOf, succeeded, type TestInstallation } from '../support/installation.ts'
import { livedInInstallation } from '../support/lived-in-installation.ts'

let lived: TestInstallation
let thief: DatabaseSync

/** A second pair of hands on a copy of the file: no triggers, no foreign keys, no checks. */
before(async () => {
  lived = await livedInInstallation()
  await lived.ports.store.copyTo(join(lived.folder, 'stolen.db'))
  thief = new DatabaseSync(join(lived.folder, 'stolen.db'), { enableForeignKeyConstraints: false })
  thief.exec('PRAGMA ignore_check_constraints = ON')
  for (const { name } of thief.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()) {
    thief.exec(`DROP TRIGGER ${name}`)
  }
})
after(async () => {
  thief.close()
  await lived.remove()
})

const TABLES: Readonly<Record<string, string>> = {
  policy_lifecycle_audit: 'id',
  audit_node: 'id',
  ...KEY_COLUMNS,
}

/** What the audit says after some meddling, which is undone again. */
async function afterwards(meddle: () => void): Promise<AuditVerdict> {
  thief.exec('BEGIN')
  try {
    meddle()
    return await checkAudit(await openedStore(auditedStore(new SqliteTransaction(thief))))
  } finally {
    thief.exec('ROLLBACK')
  }
}

const names = (findings: readonly AuditFinding[], place: string): boolean =>
  findings.some(({ where }) => `${where} `.startsWith(`${place} `))

const rowsOf = (table: string) => thief.prepare(`SELECT * FROM ${table} ORDER BY rowid`).all()

test('V1 the untouched twin passes, and every table has rows to be touched', async () => {
  const verdict = await afterwards(() => undefined)
  assert.deepEqual(verdict.findings, [])
  assert.equal(verdict.entries, rowsOf('policy_lifecycle_audit').length)
  for (const table of Object.keys(TABLES)) assert.ok(rowsOf(table).length > 0, table)
})

test('V1 every edited column of every table is named by row', async () => {
  for (const [table, key] of Object.entries(TABLES)) {
    const columns = thief.prepare('SELECT name, type FROM pragma_table_info(?)').all(table)
    const row = rowsOf(table).at(-1) as Record<string, unknown>
    for (const { name, type } of columns as { name: string; type: string }[]) {
      if (name === 'row_order') continue
      const edit = type === 'TEXT' ? `COALESCE(${name}, '') || 'x'` : `COALESCE(${name}, 0) + 1`
      const { findings } = await afterwards(() =>
        thief.prepare(`UPDATE ${table} SET ${name} = ${edit} WHERE ${key} = ?`).run(row[key] as string),
      )
      const renamed = type === 'TEXT' ? `${row[key]}x` : `${Number(row[key]) + 1}`
      const place =
        names(findings, `${table} ${row[key]}`) || (name === key && names(findings, `${table} ${renamed}`))
      assert.ok(place, `${table}.${name} of ${row[key]}: ${JSON.stringify(findings.slice(0, 3))}`)
    }
  }
})

test('V1 every removed row is named, wherever it lay', async () => {
  for (const [table, key] of Object.entries(TABLES)) {
    const rows = rowsOf(table)
    for (const [at, row] of [...rows.entries()].filter(([at]) => at === 0 || at === rows.length - 1)) {
      const { findings } = await afterwards(() =>
        thief.prepare(`DELETE FROM ${table} WHERE ${key} = ?`).run(row[key] as string),
      )
      const followed = ['policy_lifecycle_audit', 'audit_node'].includes(table) && findings.length > 0
      assert.ok(followed || names(findings, `${table} ${row[key]}`), `${table} row ${at} ${row[key]}`)
    }
  }
})

test('V1 a row slipped in without an entry is named', async () => {
  for (const [table, key] of Object.entries(TABLES)) {
    const row = rowsOf(table).at(-1) as Record<string, string | number | null>
    const slipped: Record<string, string | number | null> = {}
    for (const [column, value] of Object.entries(row)) {
      if (column !== 'row_order') slipped[column] = typeof value === 'string' ? `${value}y` : value
    }
    if (typeof row[key] === 'number') slipped[key] = row[key] + 1
    if (table === 'policy_candidate') slipped.proposed_policy_version = 99
    if (table === 'policy_lifecycle_audit') slipped.entry_index = Number(row.entry_index) + 1
    const columns = Object.keys(slipped)
    const { findings } = await afterwards(() =>
      thief
        .prepare(`INSERT INTO ${table} (${columns.join()}) VALUES (${columns.map(() => '?').join()})`)
        .run(...Object.values(slipped)),
    )
    assert.ok(names(findings, `${table} ${slipped[key]}`), table)
  }
})

test('V1 entries and rows whose order was changed are named', async () => {
  for (const table of [
    'policy_lifecycle_audit',
    'audit_node',
    'policy_approval_decision',
    'actor',
    'artifact',
  ]) {
    const { findings } = await afterwards(() =>
      thief.exec(`
        UPDATE ${table} SET row_order = -1 WHERE row_order = 1;
        UPDATE ${table} SET row_order = 1 WHERE row_order = 2;
        UPDATE ${table} SET row_order = 2 WHERE row_order = -1`),
    )
    assert.ok(findings.length > 0, table)
  }
})

test('V1 entries and nodes doubled, dropped, moved or cut off are named, past what the file itself forbids', async () => {
  const whole = await everyTable(new SqliteTransaction(thief))
  const checked = async (tables: StoredTables) => checkAudit(await openedStore(storeOf(tables)))
  assert.deepEqual((await checked(whole)).findings, [])
  const middle = 6
  const meddled = (rows: readonly JsonObject[]): Readonly<Record<string, readonly JsonObject[]>> => ({
    doubled: rows.toSpliced(middle, 0, rows[middle] as JsonObject),
    'doubled at the end': [...rows, rows.at(-1) as JsonObject],
    dropped: rows.toSpliced(middle, 1),
    moved: rows.toSpliced(middle, 2, rows[middle + 1] as JsonObject, rows[middle] as JsonObject),
    'cut off': rows.slice(0, -1),
    emptied: [],
  })
  for (const table of ['policy_lifecycle_audit', 'audit_node']) {
    for (const [how, rows] of Object.entries(meddled(whole[table] ?? []))) {
      const { ok, findings } = await checked({ ...whole, [table]: rows })
      assert.ok(!ok, `${table} ${how}`)
      if (table === 'audit_node')
        assert.deepEqual([...new Set(findings.map(({ code }) => code))], ['tree_altered'])
    }
  }
})

/** Builds the log's tree anew, as somebody would who knows how it is made and has no key. */
function growAnew(): void {
  thief.exec('DELETE FROM audit_node')
  const hashes = new Map<string, Digest>()
  for (const row of rowsOf('policy_lifecycle_audit') as Record<string, string | number>[]) {
    let hash = leafHash(String(row.entry_json))
    thief.prepare('UPDATE policy_lifecycle_audit SET entry_hash = ? WHERE id = ?').run(hash, row.id as string)
    hashes.set(`0/${row.entry_index}`, hash)
    for (const { left, node } of completedBy(Number(row.entry_index))) {
      const id = `${node.level}/${node.position}`
      hash = parentHash(hashes.get(`${left.level}/${left.position}`) as Digest, hash)
      hashes.set(id, hash)
      thief.prepare('INSERT INTO audit_node (id, hash) VALUES (?, ?)').run(id, hash)
    }
  }
}

/** Edits a row and makes the log agree with it, entry and tree. */
function editAndCover(table: string, key: string, id: string, set: string): void {
  thief.prepare(`UPDATE ${table} SET ${set} WHERE ${key} = ?`).run(id)
  const { row_order: _, ...row } = thief.prepare(`SELECT * FROM ${table} WHERE ${key} = ?`).get(id) as Record<
    string,
    never
  >
  const digest = digestOf({ ...row })
  for (const entry of rowsOf('policy_lifecycle_audit') as Record<string, string>[]) {
    const text = JSON.parse(entry.entry_json as string)
    let touched = false
    for (const written of text.rows) {
      if (written.table !== table || written.key !== id) continue
      written.digest = digest
      touched = true
    }
    if (!touched) continue
    thief
      .prepare('UPDATE policy_lifecycle_audit SET entry_json = ? WHERE id = ?')
      .run(canonicalText(text), entry.id as string)
  }
  growAnew()
}

test('V1 an edited row is named even when its entry and the whole tree were made to agree', async () => {
  const id = (table: string, key = 'id'): string => String(rowsOf(table)[0]?.[key])
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['policy_replay_evaluation', 'id', 'projected_margin_delta_bps = 9999', 'policy_approval_decision'],
    ['policy_approval_decision', 'id', "reason = 'because'", 'policy_approval_decision'],
    ['policy_approval_decision', 'id', "actor_id = 'both'", 'policy_approval_decision'],
    ['policy_approval_decision', 'id', "decision = 'rejected'", 'policy_approval_decision'],
    ['policy_apply_record', 'id', "actor_id = 'rex'", 'policy_apply_record'],
    ['policy_apply_record', 'id', 'applied_policy_version = 1', 'policy_apply_record'],
    ['policy_activation', 'epoch', 'policy_version = 2', 'policy_activation'],
    ['policy_rollback_record', 'id', "rollback_reason = 'a mistake'", 'policy_rollback_record'],
    ['policy_rollback_record', 'id', "rolled_back_at = '2020-01-01T00:00:00.000Z'", 'policy_rollback_record'],
    ['safety_pause', 'sequence', "reason = 'a test'", 'safety_pause'],
    ['safety_pause', 'sequence', "actor_id = 'ruth'", 'safety_pause'],
    ['actor', 'id', 'roles_json = \'["safety_owner"]\'', 'actor'],
    ['actor_key_revocation', 'key_id', "reason = 'none'", 'actor_key_revocation'],
    ['kpi_snapshot', 'id', "summary_json = '{}'", 'safety_pause'],
    ['history_snapshot', 'snapshot_id', 'won = won + 1', 'policy_approval_decision'],
  ]
  for (const [table, key, set, named] of cases) {
    const row = table === 'actor' ? 'ana' : id(table, key)
    const { findings } = await afterwards(() => editAndCover(table, key, row, set))
    assert.ok(
      findings.some(({ where }) => where.startsWith(named)),
      `${table} ${set}: ${JSON.stringify(findings)}`,
    )
  }
})

test('the lineage of an applied candidate holds link by link, and names the link that was edited', async () => {
  const spoilt = await copyOf(lived)
  const database = new DatabaseSync(join(spoilt.config.home, 'quotey.db'))
  try {
    const candidateId = String(rowsOf('policy_candidate')[0]?.id)
    const whole = succeeded(await lineageOf(spoilt.ports, candidateId))
    assert.deepEqual(
      whole.links.filter(link => !link.verified),
      [],
    )
    const steps = new Set(whole.links.map(link => link.step))
    for (const step of [
      'history_snapshot',
      'candidate',
      'replay',
      'packet',
      'decision',
      'apply',
      'rollback',
    ]) {
      assert.ok(steps.has(step as never), step)
    }
    database.exec('DROP TRIGGER policy_replay_evaluation_keeps_columns')
    database.exec('UPDATE policy_replay_evaluation SET projected_margin_delta_bps = 9999')
    const broken = succeeded(await lineageOf(spoilt.ports, candidateId))
    assert.deepEqual(
      broken.links.filter(link => !link.verified).map(link => link.step),
      ['replay'],
    )
  } finally {
    database.close()
    await spoilt.remove()
  }
})
