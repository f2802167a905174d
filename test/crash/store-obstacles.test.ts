import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { openDatabase } from '../../src/adapters/sqlite/connection.ts'
import { SqliteStore } from '../../src/adapters/sqlite/store.ts'
import type { Refusal } from '../../src/domain/refusal.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { liveStateDigest } from '../../src/loop/live-state.ts'
import { BrokenState, type Ports } from '../../src/loop/ports.ts'
import { quotey } from '../support/command-line.ts'
import { apply, approvedCandidate, installationWithHistory } from '../support/governed-candidate.ts'
import { copyOf, succeeded, type TestInstallation } from '../support/installation.ts'
import { obstacle } from '../support/store-obstacle.ts'

let original: TestInstallation
let candidateId = ''
before(async () => {
  original = await installationWithHistory(1500)
  candidateId = (await approvedCandidate(original.ports)).candidateId
})
after(() => original.remove())

const databaseOf = ({ config }: TestInstallation): string => join(config.home, 'quotey.db')

const onCopy = (work: (installed: TestInstallation) => Promise<void>) => async (): Promise<void> => {
  const copy = await copyOf(original)
  try {
    await work(copy)
  } finally {
    await copy.remove()
  }
}

/** What must hold after an obstacle is gone: nothing had changed, the audit is clean, and the same command goes on. */
async function goesOn(ports: Ports, before: string): Promise<void> {
  assert.equal(await liveStateDigest(ports), before)
  assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
  assert.equal(succeeded(await apply(ports, 'ruth', candidateId)).activation.epoch, 2)
  assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
}

test(
  'L4 a disk that is full at any page of an apply is refused with its remedy, and nothing of it stays',
  onCopy(async copy => {
    const before = await liveStateDigest(copy.ports)
    const database = succeeded(openDatabase(databaseOf(copy)))
    const ports = { ...copy.ports, store: new SqliteStore(database, databaseOf(copy)) }
    const pages = Number(database.prepare('PRAGMA page_count').get()?.page_count)
    let refusals = 0
    for (let room = 0; ; room += 1) {
      database.exec(`PRAGMA max_page_count = ${pages + room}`)
      const tried = await apply(ports, 'ruth', candidateId).catch((error: unknown) => error)
      if (!(tried instanceof BrokenState)) break
      assert.deepEqual([tried.refusal.code, tried.refusal.facts.cause], ['store_unavailable', 'full'])
      assert.equal(await liveStateDigest(copy.ports), before, `with room for ${room} pages`)
      assert.deepEqual(succeeded(await verifyAudit(copy.ports, null)).findings, [])
      refusals += 1
    }
    assert.ok(refusals > 0)
    assert.equal(succeeded(await apply(copy.ports, 'ruth', candidateId)).activation.epoch, 2)
    assert.deepEqual(succeeded(await verifyAudit(copy.ports, null)).findings, [])
    await ports.store.close()
  }),
)

test(
  'a database that may only be read is refused with its remedy, and serves again when it may be written',
  onCopy(async copy => {
    const before = await liveStateDigest(copy.ports)
    const database = new DatabaseSync(databaseOf(copy), { readOnly: true })
    const ports = { ...copy.ports, store: new SqliteStore(database, databaseOf(copy)) }
    const refusal = await obstacle(apply(ports, 'ruth', candidateId))
    assert.deepEqual([refusal.code, refusal.facts.cause], ['store_unavailable', 'read_only'])
    await ports.store.close()
    await goesOn(copy.ports, before)
  }),
)

test(
  'a database that another process holds is refused by name after the wait, at opening and at writing',
  onCopy(async copy => {
    const before = await liveStateDigest(copy.ports)
    const patient = succeeded(openDatabase(databaseOf(copy), 150))
    const ports = { ...copy.ports, store: new SqliteStore(patient, databaseOf(copy)) }
    const holder = new DatabaseSync(databaseOf(copy))
    holder.exec('BEGIN IMMEDIATE')
    const refusal = await obstacle(apply(ports, 'ruth', candidateId))
    assert.deepEqual([refusal.code, refusal.facts.cause], ['store_unavailable', 'locked'])
    holder.exec('ROLLBACK')
    await ports.store.close()
    await copy.ports.store.close()
    holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    const closed = openDatabase(databaseOf(copy), 150)
    assert.ok(!closed.ok)
    assert.deepEqual([closed.refusal.code, closed.refusal.facts.cause], ['store_unavailable', 'locked'])
    holder.exec('ROLLBACK')
    holder.close()
    const again = succeeded(openDatabase(databaseOf(copy)))
    const reopened = { ...copy.ports, store: new SqliteStore(again, databaseOf(copy)) }
    await goesOn(reopened, before)
    await reopened.store.close()
  }),
)

test(
  'on the command line a held database is exit code 3 with a refusal, not a fault',
  onCopy(async copy => {
    const holder = new DatabaseSync(databaseOf(copy))
    holder.exec('BEGIN IMMEDIATE')
    const ended = await quotey(copy.config.home, 'ruth', '--json', 'policy-opt', 'apply', candidateId)
    holder.exec('ROLLBACK')
    holder.close()
    const { refusal } = ended.json as { refusal: Refusal }
    assert.deepEqual(
      [ended.exitCode, refusal.code, refusal.facts.cause],
      [3, 'store_unavailable', 'locked'],
      ended.stderr,
    )
  }),
)

test(
  'V1 a dropped trigger is named by the audit although no row has changed, and so is an index that was added',
  onCopy(async copy => {
    const database = new DatabaseSync(databaseOf(copy))
    database.exec('DROP TRIGGER policy_apply_record_keeps_rows; CREATE INDEX spy ON actor (id)')
    database.close()
    const report = succeeded(await verifyAudit(copy.ports, null))
    assert.equal(report.ok, false)
    assert.deepEqual(
      report.findings.map(({ code, where }) => [code, where]),
      [
        ['structure_altered', 'index spy'],
        ['structure_altered', 'trigger policy_apply_record_keeps_rows'],
      ],
    )
  }),
)

test(
  'V1 a counter moved on, taken away or slipped in is named, before it leaves a gap or gives a number twice',
  onCopy(async copy => {
    const database = new DatabaseSync(databaseOf(copy))
    database.exec(`
      DROP TRIGGER counter_keeps_rows; DROP TRIGGER counter_only_grows;
      UPDATE counter SET value = value + 1 WHERE name = 'epoch';
      UPDATE counter SET value = value - 1 WHERE name = 'keyring_version';
      DELETE FROM counter WHERE name = 'policy_version';
      INSERT INTO counter (name, value) VALUES ('spy', 3)`)
    database.close()
    const { findings } = succeeded(await verifyAudit(copy.ports, null))
    assert.deepEqual(
      findings.flatMap(({ where, expected, found }) =>
        where.startsWith('counter ') ? [[where, expected, found]] : [],
      ),
      [
        ['counter epoch', '1', '2'],
        ['counter keyring_version', '7', '6'],
        ['counter policy_version', '2', 'nothing'],
        ['counter spy', 'nothing', '3'],
      ],
    )
  }),
)

test(
  'P3 any page of the file that is overwritten is named: refused at opening, while reading, or by the audit',
  onCopy(async copy => {
    await copy.ports.store.close()
    const whole = readFileSync(databaseOf(copy))
    const size = whole.readUInt16BE(16)
    const pages = whole.byteLength / size
    const named = { opening: 0, reading: 0, audit: 0 }
    for (let page = 0; page < pages; page += 1) {
      const spoilt = Buffer.from(whole)
      spoilt.fill(0, page * size, (page + 1) * size)
      writeFileSync(databaseOf(copy), spoilt)
      const opened = openDatabase(databaseOf(copy))
      if (!opened.ok) {
        assert.ok(['audit_broken', 'bad_input'].includes(opened.refusal.code), opened.refusal.code)
        named.opening += 1
        continue
      }
      const store = new SqliteStore(opened.value, databaseOf(copy))
      const report = await verifyAudit({ ...copy.ports, store }, null).catch((error: unknown) => error)
      if (report instanceof BrokenState) {
        assert.equal(report.refusal.code, 'audit_broken')
        named.reading += 1
      } else {
        const { findings } = succeeded(report as Awaited<ReturnType<typeof verifyAudit>>)
        assert.ok(findings.length > 0, `page ${page} of ${pages} was lost unnoticed`)
        named.audit += 1
      }
      await store.close()
    }
    assert.equal(named.opening + named.reading + named.audit, pages)
    assert.ok(named.reading > 0 && named.audit > 0, JSON.stringify(named))
    writeFileSync(databaseOf(copy), whole)
  }),
)
