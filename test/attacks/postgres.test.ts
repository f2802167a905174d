import assert from 'node:assert/strict'
import { after, before, test as plainTest, type TestContext } from 'node:test'
import { PostgresConnection } from '../../src/adapters/postgres/connection.ts'
import { TABLES } from '../../src/adapters/postgres/definition.ts'
import { PostgresTransaction } from '../../src/adapters/postgres/transaction.ts'
import { checkAudit, openedStore } from '../../src/evidence/audit-check.ts'
import type { AuditFinding } from '../../src/evidence/audit-finding.ts'
import { KEY_COLUMNS } from '../../src/evidence/row-digest.ts'
import { auditedStore, verifyAudit } from '../../src/loop/audit.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { oneServer } from '../support/both-stores.ts'
import { succeeded, type TestInstallation } from '../support/installation.ts'
import { livedInInstallation } from '../support/lived-in-installation.ts'
import { restoredIn } from '../support/restored-in.ts'

const server = oneServer()
let lived: TestInstallation | undefined
let ports: Ports
/** The superuser on a second connection to the same database: no triggers, no foreign keys, no checks. */
let thief: PostgresConnection

before(async () => {
  const postgres = await server()
  if (typeof postgres === 'string') return
  lived = await livedInInstallation()
  const url = await postgres.emptyDatabase()
  ports = (await restoredIn(url, lived)).ports
  thief = new PostgresConnection(url)
})
after(async () => {
  await thief?.close()
  await ports?.store.close()
  await lived?.remove()
})

const test = (title: string, work: (context: TestContext) => Promise<void>): void => {
  plainTest(title, async context => {
    const postgres = await server()
    if (typeof postgres === 'string') return context.skip(`1 test left out: ${postgres}`)
    await work(context)
  })
}

const rows = async (text: string): Promise<readonly Record<string, unknown>[]> =>
  (await thief.query(text)).rows

/** What the thief sees of an audit after some meddling, which is undone again. */
async function afterwards(...meddling: readonly string[]): Promise<readonly AuditFinding[]> {
  await thief.begin('writing', 'SET LOCAL session_replication_role = replica')
  try {
    for (const { relation, name } of await rows(
      "SELECT conrelid::regclass::text AS relation, conname AS name FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace",
    )) {
      await thief.query(`ALTER TABLE ${relation} DROP CONSTRAINT "${name}"`)
    }
    for (const text of meddling) await thief.query(text)
    const { findings } = await checkAudit(await openedStore(auditedStore(new PostgresTransaction(thief))))
    return findings
  } finally {
    await thief.rollback()
  }
}

const names = (findings: readonly AuditFinding[], place: string): boolean =>
  findings.some(({ where }) => `${where} `.startsWith(`${place} `))

const EDITS: Readonly<Record<string, (column: string) => string>> = {
  text: column => `COALESCE(${column}, '') || 'x'`,
  bigint: column => `COALESCE(${column}, 0) + 1`,
  smallint: column => `1 - ${column}`,
  'double precision': column => `${column} / 2 + 0.1`,
  'timestamp with time zone': column => `COALESCE(${column}, now()) + interval '1 millisecond'`,
}

test('V1 on PostgreSQL an edited value of each type in each table is named by row, and so is a removed row', async context => {
  assert.deepEqual(await afterwards(), [], 'the untouched twin passes')
  let edits = 0
  for (const [table, key] of Object.entries({
    policy_lifecycle_audit: 'id',
    audit_node: 'id',
    ...KEY_COLUMNS,
  })) {
    const types = new Map<string, string>()
    for (const { column_name, data_type } of await rows(
      `SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '${table}' ORDER BY ordinal_position`,
    )) {
      if (column_name !== key && column_name !== 'row_order')
        types.set(String(data_type), String(column_name))
    }
    const [first] = TABLES.find(({ name }) => name === table)?.columns ?? []
    const [row] = await rows(`SELECT ${key}::text AS key FROM ${table} ORDER BY ${first} DESC LIMIT 1`)
    const where = `${key}::text = '${row?.key}'`
    for (const [type, column] of types) {
      const edit = (EDITS[type] as (column: string) => string)(column)
      const findings = await afterwards(`UPDATE ${table} SET ${column} = ${edit} WHERE ${where}`)
      assert.ok(
        names(findings, `${table} ${row?.key}`),
        `${table}.${column}: ${JSON.stringify(findings.slice(0, 3))}`,
      )
      edits += 1
    }
    const [oldest] = await rows(`SELECT ${key}::text AS key FROM ${table} ORDER BY ${first} LIMIT 1`)
    const removed = await afterwards(`DELETE FROM ${table} WHERE ${key}::text = '${oldest?.key}'`)
    const followed = ['policy_lifecycle_audit', 'audit_node'].includes(table) && removed.length > 0
    assert.ok(followed || names(removed, `${table} ${oldest?.key}`), `${table} ${oldest?.key} removed`)
  }
  context.diagnostic(`${edits} edits`)
  assert.ok(edits > 50)
})

test('V1 on PostgreSQL values that no row of ours can hold are named, not stumbled over', async () => {
  for (const meddling of [
    "UPDATE policy_apply_record SET applied_at = 'infinity'",
    "UPDATE policy_apply_record SET applied_at = '0044-03-15 12:00:00+00 BC'",
    'UPDATE policy_replay_evaluation SET cohort_size = 9223372036854775807',
    "UPDATE policy_candidate SET confidence_score = 'NaN'",
  ]) {
    assert.ok((await afterwards(meddling)).length > 0, meddling)
  }
})

/** What opens the way for editing rows, before any row has changed. */
const OPENINGS: readonly (readonly [what: string, meddling: string, where: RegExp])[] = [
  ['a trigger dropped', 'DROP TRIGGER actor_keeps_rows ON actor', /^trigger actor\.actor_keeps_rows$/],
  [
    'a trigger switched off',
    'ALTER TABLE actor DISABLE TRIGGER actor_keeps_columns',
    /^trigger actor\.actor_keeps_columns$/,
  ],
  [
    'foreign keys switched off',
    'ALTER TABLE review_packet DISABLE TRIGGER ALL',
    /^trigger review_packet\.RI_Constraint/,
  ],
  [
    'the refusing function emptied',
    'CREATE OR REPLACE FUNCTION quotey_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
    /^function quotey_refuse$/,
  ],
  [
    'a trigger that alters what is written',
    'CREATE FUNCTION altered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; CREATE TRIGGER swallows BEFORE INSERT ON safety_pause FOR EACH ROW EXECUTE FUNCTION altered()',
    /^trigger safety_pause\.swallows$/,
  ],
  [
    'a rule that swallows rows',
    'CREATE RULE swallow AS ON INSERT TO safety_pause DO INSTEAD NOTHING',
    /^rule safety_pause\.swallow$/,
  ],
  ['rows hidden from readers', 'ALTER TABLE safety_pause ENABLE ROW LEVEL SECURITY', /^table safety_pause$/],
  [
    'rows added by a child table',
    'CREATE TABLE more_pauses () INHERITS (safety_pause)',
    /^child of safety_pause more_pauses$/,
  ],
  ['a table that a crash empties', 'ALTER TABLE outbox_attempt SET UNLOGGED', /^table outbox_attempt$/],
  ['a column added', 'ALTER TABLE checkpoint_post ADD COLUMN note text', /^table checkpoint_post$/],
  [
    'a unique index gone',
    'ALTER TABLE policy_apply_record DROP CONSTRAINT policy_apply_record_idempotency_key_key',
    /^constraint policy_apply_record\.policy_apply_record_idempotency_key_key$/,
  ],
  [
    'a check gone',
    'ALTER TABLE incident DROP CONSTRAINT incident_check',
    /^constraint incident\.incident_check$/,
  ],
  [
    'an index gone',
    'DROP INDEX outbox_attempt_by_message',
    /^index outbox_attempt\.outbox_attempt_by_message$/,
  ],
  [
    'a counter moved',
    "SET LOCAL session_replication_role = replica; UPDATE counter SET value = value + 5 WHERE name = 'epoch'",
    /^counter epoch$/,
  ],
]

test('V1 on PostgreSQL whatever opens rows to editing is named before a row has changed', async () => {
  for (const [what, meddling, where] of OPENINGS) {
    await thief.begin('writing')
    try {
      await thief.query(meddling)
      const faults = await new PostgresTransaction(thief).structure()
      assert.ok(
        faults.some(fault => where.test(fault.where)),
        `${what}: ${JSON.stringify(faults)}`,
      )
    } finally {
      await thief.rollback()
    }
  }
})

test('V1 a restored database passes the audit whole, its structure with it', async () => {
  assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
})
