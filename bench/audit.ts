import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { composeNew, composePorts } from '../src/compose.ts'
import { readConfig } from '../src/config.ts'
import { readPolicyText } from '../src/domain/policy-text.ts'
import type { Result } from '../src/domain/refusal.ts'
import { verifyAudit } from '../src/loop/audit.ts'
import { foundInstallation } from '../src/loop/init.ts'
import { consistencyProof, inclusionProof } from '../src/loop/log-tree.ts'
import type { Ports, Writing } from '../src/loop/ports.ts'
import { record } from '../src/loop/record.ts'
import { logHead } from '../src/loop/trust.ts'

/*
 * Appends to the audit log, each in a transaction of its own that reached the disk, beside a plain loop that inserts the same texts
 * into a bare SQLite table with the same durability; then fills the log and verifies all of it.
 *
 *     npm run bench -- audit [entries to verify, default 100000]
 */

const APPENDS = 2_000
const BATCH = 2_000
const AT = '2026-01-01T00:00:00.000Z'
const entriesToVerify = Number(process.argv[2] ?? 100_000)

async function run(): Promise<void> {
  const config = readConfig({ home: join(folder, 'home') }, {})
  const starter = new URL('../policies/starter.yaml', import.meta.url)
  const document = valueIn(readPolicyText(readFileSync(starter, 'utf8')))
  valueIn(await composeNew(config, ports => foundInstallation(ports, document)))
  const ports = valueIn(await composePorts(config))
  try {
    await appends(ports)
    await verification(ports)
  } finally {
    await ports.store.close()
  }
}

/** An event as daily operation records it, without rows of other tables. */
function append(tx: Writing, ports: Ports, number: number) {
  return record(tx, ports, {
    eventType: 'bench_event',
    actor: { type: 'system', id: 'bench' },
    payload: { number, window_start: AT, window_end: AT, rollback_rate_bps: number % 10_000 },
    idempotencyKey: `bench:${number}`,
    occurredAt: AT,
    inserts: [],
  })
}

async function appends(ports: Ports): Promise<void> {
  const texts: string[] = []
  const logSeconds = await seconds(async () => {
    for (let at = 0; at < APPENDS; at += 1) {
      const row = await ports.store.change(tx => append(tx, ports, at))
      texts.push(row.entry_json)
    }
  })
  const path = join(folder, 'plain.db')
  const plain = new DatabaseSync(path)
  plain.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  plain.exec('CREATE TABLE entry (entry_index INTEGER PRIMARY KEY, entry_json TEXT NOT NULL) STRICT')
  const insert = plain.prepare('INSERT INTO entry (entry_json) VALUES (?)')
  const plainSeconds = await seconds(async () => {
    for (const text of texts) {
      plain.exec('BEGIN IMMEDIATE')
      insert.run(text)
      plain.exec('COMMIT')
    }
  })
  const kept = await ports.store.read(tx => tx.find('policy_lifecycle_audit', { event_type: 'bench_event' }))
  assert.deepEqual(
    kept.map(row => row.entry_json),
    plain
      .prepare('SELECT entry_json FROM entry ORDER BY entry_index')
      .all()
      .map(row => row.entry_json),
  )
  plain.close()
  console.log(`\n${APPENDS} durable appends, one transaction each; both hold the same texts`)
  console.log(`  audit log            ${rate(APPENDS, logSeconds, 'entries')}`)
  console.log(
    `  plain insert loop    ${rate(APPENDS, plainSeconds, 'rows')}  ${(logSeconds / plainSeconds).toFixed(2)} x its time a row`,
  )
}

async function verification(ports: Ports): Promise<void> {
  let { size } = await ports.store.read(logHead)
  const fillSeconds = await seconds(async () => {
    while (size < entriesToVerify) {
      const until = Math.min(entriesToVerify, size + BATCH)
      await ports.store.change(async tx => {
        for (; size < until; size += 1) await append(tx, ports, size + APPENDS)
      })
    }
  })
  console.log(`\n${size} entries (filled in transactions of ${BATCH} in ${fillSeconds.toFixed(1)} s)`)
  const head = await ports.store.read(logHead)
  const verifySeconds = await seconds(async () => {
    const report = valueIn(await verifyAudit(ports, null))
    assert.deepEqual([report.ok, report.entries, report.root_hash], [true, size, head.root_hash])
  })
  console.log(
    `  audit verify         ${rate(size, verifySeconds, 'entries')}  ${verifySeconds.toFixed(1)} s, and the root is that of the writer`,
  )
  const proofs = 1_000
  const proofSeconds = await seconds(() =>
    ports.store.read(async tx => {
      for (let at = 0; at < proofs; at += 1) {
        await inclusionProof(tx, Math.floor((at * size) / proofs), size)
        await consistencyProof(tx, 1 + Math.floor((at * (size - 1)) / proofs), size)
      }
    }),
  )
  console.log(`  proofs made          ${rate(2 * proofs, proofSeconds, 'proofs')}`)
  console.log(`  peak memory          ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`)
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

function rate(count: number, taken: number, noun: string): string {
  return `${Math.round(count / taken).toLocaleString('en')} ${noun}/s`.padStart(24)
}

function valueIn<T>(result: Result<T>): T {
  if (result.ok) return result.value
  throw new Error(`refused: ${JSON.stringify(result.refusal)}`)
}

const folder = mkdtempSync(join(tmpdir(), 'quotey-bench-'))
try {
  await run()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
