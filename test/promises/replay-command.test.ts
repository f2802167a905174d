import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { writeParquet } from '../../src/adapters/duckdb/parquet-write.ts'
import { replayText, verifiedText } from '../../src/cli/replay-text.ts'
import { composePorts } from '../../src/compose.ts'
import { moneyChangeText } from '../../src/domain/money-text.ts'
import { permuteRows } from '../../src/domain/permute.ts'
import type { ReplayReport } from '../../src/domain/replay-report.ts'
import { snapshotColumns } from '../../src/domain/snapshot-columns.ts'
import type { Json } from '../../src/domain/units.ts'
import { isReportIntact } from '../../src/evidence/replay-checksum.ts'
import { candidateEvidence, candidateRow } from '../../src/loop/candidate-evidence.ts'
import { evaluateChange } from '../../src/loop/evaluate.ts'
import { evaluateStored } from '../../src/loop/evaluate-stored.ts'
import { importHistory } from '../../src/loop/history.ts'
import { changeOf, replayCandidate } from '../../src/loop/replay.ts'
import { replayElsewhere } from '../../src/loop/replay-elsewhere.ts'
import { sameReport, verifyReplay } from '../../src/loop/replay-verify.ts'
import { leavesOf, withOther } from '../support/altered-json.ts'
import { candidateOf, installationWithHistory } from '../support/governed-candidate.ts'
import { copyOf, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

let installed: TestInstallation
let candidateId: string
let report: ReplayReport

before(async () => {
  installed = await installationWithHistory(1_500)
  candidateId = await candidateOf(installed.ports)
  report = succeeded(await replayCandidate(installed.ports, { actorId: 'ana', candidateId }))
})
after(() => installed.remove())

const events = async (): Promise<number> =>
  (await installed.ports.store.read(tx => tx.find('policy_lifecycle_audit'))).length

test('R1 a replay is recorded once: repeats and another engine give the same bytes and write nothing', async () => {
  assert.equal(report.deterministic_pass, true)
  const written = await events()
  for (const engine of ['columnar', 'sql', 'oracle'] as const) {
    const again = succeeded(await replayCandidate(installed.ports, { actorId: 'ana', candidateId, engine }))
    assert.deepEqual(again, report)
  }
  assert.equal(await events(), written)
  const row = await installed.ports.store.read(tx =>
    tx.last('policy_replay_evaluation', { candidate_id: candidateId }),
  )
  assert.equal(row?.replay_checksum, report.replay_checksum)
  assert.equal(row?.deterministic_pass, 1)
  assert.equal(row?.cohort_size, 1_500)
  const candidate = await installed.ports.store.read(tx => tx.last('policy_candidate', { id: candidateId }))
  assert.equal(candidate?.status, 'replayed')
  assert.equal(candidate?.latest_replay_checksum, report.replay_checksum)
})

test('R1 a replay on another snapshot is that of a candidate found there, in memory or in its file, and is not recorded', async () => {
  const { ports } = installed
  const own = await ports.store.read(tx => tx.last('history_snapshot'))
  assert.ok(own !== null)
  const columns = succeeded(await ports.snapshots.load(own.digest))
  const everyOther = Int32Array.from({ length: 700 }, (_, at) => 2 * at)
  const half = { ...permuteRows(columns, everyOther), rows: 700 }
  const folder = mkdtempSync(join(tmpdir(), 'quotey-test-'))
  try {
    const path = join(folder, 'half.parquet')
    await writeParquet(path, half.rows, snapshotColumns(half))
    const imported = succeeded(await importHistory(ports, { path, map: null, rejectsMax: null }))
    const written = await events()
    const request = { candidateId, snapshot: imported.snapshot_id }
    const there = succeeded(await replayElsewhere(ports, request))
    assert.equal(there.inputs.snapshot_digest, imported.digest)
    assert.equal(there.counts.in_scope, 700)
    assert.equal(there.deterministic_pass, true)
    assert.deepEqual(succeeded(await replayElsewhere(ports, { ...request, engine: 'sql' })), there)
    const same = succeeded(await replayElsewhere(ports, { candidateId, snapshot: own.snapshot_id }))
    assert.deepEqual(same, report)
    assert.equal(await events(), written)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('R1 a replay whose quotes never leave their file gives the same bytes; one whose file changes meanwhile is refused', async () => {
  const { ports } = installed
  const change = await ports.store.read(async tx => {
    const candidate = succeeded(await candidateRow(tx, candidateId))
    return changeOf(succeeded(await candidateEvidence(tx, candidate)), 'sql')
  })
  const loadsNothing = {
    ...ports,
    snapshots: { ...ports.snapshots, load: () => Promise.reject(new Error('loaded')) },
  }
  for (const engine of ['sql', 'columnar'] as const) {
    assert.deepEqual(succeeded(await evaluateStored(loadsNothing, change, engine, 0)), report)
  }
  assert.deepEqual(
    succeeded(await evaluateChange(ports, { ...change, engine: 'columnar', inPlace: true })),
    report,
  )
  const touching = {
    ...loadsNothing,
    storedReplay: async () => {
      const replay = await ports.storedReplay('sql')
      const { file } = succeeded(await ports.snapshots.open(change.snapshotDigest))
      const { atime, mtime } = statSync(file)
      return {
        evaluate: async (...task: Parameters<typeof replay.evaluate>) => {
          utimesSync(file, atime, new Date(mtime.getTime() + 1_000))
          return replay.evaluate(...task)
        },
      }
    },
  }
  refusedWith('audit_broken', await evaluateStored(touching, change, 'sql', 0))
})

test('R4 the counts of a replay add up to the quotes of its snapshot', () => {
  const { in_scope, scored, open, not_replayable } = report.counts
  assert.equal(in_scope, 1_500)
  assert.equal(in_scope, scored + open + not_replayable.attribute_absent + not_replayable.cost_absent)
})

test('the text of a replay names amounts in their currency and only what moved; a verified one says from what', () => {
  const text = replayText(report)
  assert.match(text, new RegExp(`in scope +${report.counts.in_scope}`))
  const { point } = report.intervals.expected_margin_delta_cents_per_quote
  assert.ok(text.includes(`${moneyChangeText(point as number, 'eur')} a quote (95%: `), text)
  for (const block of ['by segment', 'by region', 'by rule', 'guardrails'])
    assert.ok(text.includes(block), block)
  for (const { quote_id, base, candidate } of [...report.movers.losing, ...report.movers.gaining]) {
    const line = text.split('\n').find(each => each.includes(quote_id)) as string
    const [from, to] = [base.granted_discount_bps, candidate.granted_discount_bps]
    assert.ok(line.includes(from === to ? `discount ${to} bps` : `discount ${from} to ${to} bps`), line)
  }
  const verified = verifiedText(report)
  for (const [name, digest] of Object.entries(report.inputs)) {
    if (name.endsWith('_digest')) assert.ok(verified.includes(digest as string), name)
  }
})

test('R3 any changed field of a report is detected and named', async () => {
  const verified = succeeded(await verifyReplay(installed.ports, { candidateId }))
  assert.deepEqual(verified, report)
  assert.ok(isReportIntact(report))
  let changed = 0
  for (const path of leavesOf(report as unknown as Json)) {
    const altered = withOther(report as unknown as Json, path) as unknown as ReplayReport
    assert.equal(isReportIntact(altered), false, path.join('.'))
    const refusal = refusedWith('audit_broken', sameReport(altered, report))
    assert.equal(refusal.facts.field, path.join('.'))
    changed += 1
  }
  assert.ok(changed > 200, `${changed} fields`)
})

test('R3 a stored report that was edited is refused', async () => {
  const spoilt = await copyOf(installed)
  try {
    const database = new DatabaseSync(join(spoilt.folder, 'home', 'quotey.db'))
    const triggers = database.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all()
    for (const { name } of triggers) database.exec(`DROP TRIGGER "${name}"`)
    const edited = database
      .prepare(
        `UPDATE artifact SET body_json = replace(body_json, '"scored":', '"scored":1')
         WHERE schema = 'clo_replay_report.v1'`,
      )
      .run()
    database.close()
    assert.equal(Number(edited.changes), 1)
    const ports = succeeded(await composePorts(spoilt.config))
    refusedWith('audit_broken', await verifyReplay(ports, { candidateId }))
    await ports.store.close()
  } finally {
    await spoilt.remove()
  }
})

test('a replay needs the control, a candidate that exists, and a status that is open', async () => {
  const { ports } = installed
  refusedWith('not_authorised', await replayCandidate(ports, { actorId: 'sam', candidateId }))
  refusedWith('not_found', await replayCandidate(ports, { actorId: 'ana', candidateId: 'cand_none' }))
  refusedWith('not_found', await verifyReplay(ports, { candidateId: 'cand_none' }))
})
