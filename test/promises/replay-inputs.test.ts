import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { writeParquet } from '../../src/adapters/duckdb/parquet-write.ts'
import type { Refusal } from '../../src/domain/refusal.ts'
import type { ReplayReport } from '../../src/domain/replay-report.ts'
import { type SnapshotColumn, snapshotColumns } from '../../src/domain/snapshot-columns.ts'
import type { Thresholds } from '../../src/domain/thresholds.ts'
import type { Digest, Json } from '../../src/domain/units.ts'
import { canonicalText, digestOfText } from '../../src/evidence/canonical.ts'
import { replayChecksum } from '../../src/evidence/replay-checksum.ts'
import { BrokenState } from '../../src/loop/ports.ts'
import { replayCandidate } from '../../src/loop/replay.ts'
import { sameReport, verifyReplay } from '../../src/loop/replay-verify.ts'
import { leavesOf, withOther } from '../support/altered-json.ts'
import { candidateOf, installationWithHistory } from '../support/governed-candidate.ts'
import { succeeded, type TestInstallation } from '../support/installation.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)

let installed: TestInstallation
let candidateId: string
let report: ReplayReport
let database: DatabaseSync

before(async () => {
  installed = await installationWithHistory(1_500)
  candidateId = await candidateOf(installed.ports)
  report = succeeded(await replayCandidate(installed.ports, { actorId: 'ana', candidateId }))
  database = new DatabaseSync(join(installed.folder, 'home', 'quotey.db'))
  const triggers = database.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all()
  for (const { name } of triggers) database.exec(`DROP TRIGGER "${name}"`)
})
after(async () => {
  database.close()
  await installed.remove()
})

/** What `replay --verify` says against the replay; null where it finds nothing wrong. */
async function objection(): Promise<Refusal | null> {
  try {
    const verified = await verifyReplay(installed.ports, { candidateId, engine: 'columnar' })
    return verified.ok ? null : verified.refusal
  } catch (error) {
    if (error instanceof BrokenState) return error.refusal
    throw error
  }
}

/** One stored document that a replay rests on: where its text stands, and the name under which it goes. */
interface StoredInput {
  readonly table: string
  readonly text: string
  readonly digest: string
  readonly named: Digest
}

const inputs = (): readonly StoredInput[] => {
  const { base_policy_digest, proposed_policy_digest, thresholds_digest, model_digest } = report.inputs
  const policy = { table: 'policy_version', text: 'document_json', digest: 'policy_digest' }
  assert.ok(model_digest !== null, 'this history supports a model')
  return [
    { ...policy, named: base_policy_digest },
    { ...policy, named: proposed_policy_digest },
    { table: 'thresholds_version', text: 'document_json', digest: 'digest', named: thresholds_digest },
    { table: 'artifact', text: 'body_json', digest: 'digest', named: model_digest },
  ]
}

/** Each place of a small document; of a large one so many, spread by the seed. */
const LEAVES_MAX = 40
function sampled<T>(all: readonly T[], max = LEAVES_MAX): readonly T[] {
  if (all.length <= max) return all
  const step = all.length / max
  return Array.from({ length: max }, (_, at) => all[Math.floor(at * step + (SEED % step))] as T)
}

test('R3 any changed field of an input of a replay is named by verify, with its digest made to fit and without', async () => {
  assert.equal(await objection(), null)
  for (const { table, text, digest, named } of inputs()) {
    const { body } = database
      .prepare(`SELECT ${text} AS body FROM ${table} WHERE ${digest} = ?`)
      .get(named) as {
      readonly body: string
    }
    const original = JSON.parse(body) as Json
    const all = leavesOf(original)
    // Every field of every input leads to another digest …
    const digests = new Set(all.map(path => digestOfText(canonicalText(withOther(original, path)))))
    assert.ok(digests.size === all.length && !digests.has(named), table)
    // … and what verify says of one, it says of all; of a model's thousands of coefficients, some are put to it.
    const paths = table === 'artifact' ? sampled(all) : all
    const edit = database.prepare(`UPDATE ${table} SET ${text} = ?, ${digest} = ? WHERE ${digest} = ?`)
    for (const path of paths) {
      const altered = canonicalText(withOther(original, path))
      for (const name of [named, digestOfText(altered)]) {
        edit.run(altered, name, named)
        const found = await objection()
        edit.run(body, named, name)
        assert.ok(found !== null, `${table} ${path.join('.')} went unseen`)
        const names = `${found.message} ${JSON.stringify(found.facts)}`
        assert.match(names, /polic|thresholds|artifact/, path.join('.'))
      }
    }
    console.log(
      `seed ${SEED}: ${table}, ${all.length} fields change the digest, ${paths.length} put to verify`,
    )
  }
  assert.equal(await objection(), null)
})

test('R3 a changed cell in any column of the snapshot is seen by verify', async () => {
  const columns = succeeded(await installed.ports.snapshots.load(report.inputs.snapshot_digest))
  const hex = report.inputs.snapshot_digest.slice('sha256:'.length)
  const file = join(installed.folder, 'home', 'snapshots', `${hex}.parquet`)
  const sound = snapshotColumns(columns)
  const write = async (altered: readonly SnapshotColumn[]): Promise<void> => {
    await rm(file)
    await writeParquet(file, columns.rows, altered)
  }
  const row = SEED % columns.rows
  for (const [at, column] of sound.entries()) {
    await write(sound.with(at, withOtherCell(column, row)))
    const found = await objection()
    assert.equal(found?.code, 'audit_broken', column.name)
    assert.match(found.message, /snapshot/, column.name)
  }
  await write(sound)
  assert.equal(await objection(), null)
})

function withOtherCell(column: SnapshotColumn, row: number): SnapshotColumn {
  if (column.kind === 'text') {
    const dictionary = [...column.dictionary, 'something else']
    return { ...column, codes: column.codes.with(row, dictionary.length - 1), dictionary }
  }
  const was = column.values[row] as number
  return { ...column, values: column.values.with(row, Number.isNaN(was) ? 1 : was + 1) }
}

interface ReportInStore {
  readonly name: string
  readonly checksum: string
  readonly text: string
}

/** Puts another report in place of the one there is, under a name and with a checksum that fit wherever they stand. */
function forge(from: ReportInStore, to: ReportInStore): void {
  database
    .prepare('UPDATE artifact SET digest = ?, body_json = ? WHERE digest = ?')
    .run(to.name, to.text, from.name)
  database
    .prepare(
      'UPDATE policy_replay_evaluation SET idempotency_key = ?, replay_checksum = ? WHERE idempotency_key = ?',
    )
    .run(to.name, to.checksum, from.name)
  database
    .prepare('UPDATE policy_candidate SET latest_replay_checksum = ? WHERE id = ?')
    .run(to.checksum, candidateId)
}

test('R3 a forged report, with every checksum and name made to fit, is derived anew and its field is named', async () => {
  const { digest, body } = database
    .prepare(
      `SELECT digest, body_json AS body FROM artifact
       WHERE digest = (SELECT idempotency_key FROM policy_replay_evaluation WHERE replay_checksum = ?)`,
    )
    .get(report.replay_checksum) as { readonly digest: Digest; readonly body: string }
  const { replay_checksum: _, ...fields } = JSON.parse(body) as ReplayReport
  const all = leavesOf(fields as unknown as Json)
  const real = { name: digest, checksum: report.replay_checksum, text: body }
  const checksums = new Set<Digest>([report.replay_checksum])
  for (const path of all) {
    const altered = withOther(fields as unknown as Json, path) as unknown as typeof fields
    const checksum = replayChecksum(altered)
    checksums.add(checksum)
    // Whatever a report says, the one derived anew says what was recorded: the first field that differs is the altered one.
    const same = sameReport({ ...altered, replay_checksum: checksum }, report)
    assert.equal(same.ok ? null : same.refusal.facts.field, path.join('.'))
  }
  assert.equal(checksums.size, all.length + 1, 'every field of the report changes the checksum')

  const inputsAndVersions = all.filter(([name]) => name === 'inputs' || name === 'engine_version')
  const results = all.filter(([name]) => name !== 'inputs' && name !== 'candidate_id')
  const paths = [...inputsAndVersions, ['candidate_id'], ...sampled(results, 5)]
  for (const path of paths) {
    const altered = withOther(fields as unknown as Json, path) as unknown as typeof fields
    const checksum = replayChecksum(altered)
    const text = canonicalText({ ...altered, replay_checksum: checksum } as unknown as Json)
    const forged = { name: digestOfText(text), checksum, text }
    forge(real, forged)
    const found = await objection()
    forge(forged, real)
    assert.ok(found !== null, `${path.join('.')} went unseen`)
    if (path[0] !== 'inputs' && path[0] !== 'candidate_id')
      assert.deepEqual([found.code, found.facts.field], ['audit_broken', path.join('.')])
  }
  console.log(`seed ${SEED}: ${all.length} fields change the checksum, ${paths.length} put to verify`)
  assert.equal(await objection(), null)
})

test('R3 a replay over another scope than the candidate has is named, however well it was derived', async () => {
  const row = database
    .prepare('SELECT cohort_scope_json FROM policy_candidate WHERE id = ?')
    .get(candidateId) as { readonly cohort_scope_json: string }
  const scope = JSON.parse(row.cohort_scope_json) as { readonly segments: readonly string[] }
  const edit = database.prepare('UPDATE policy_candidate SET cohort_scope_json = ? WHERE id = ?')
  edit.run(canonicalText({ ...scope, segments: ['smb'] } as unknown as Json), candidateId)
  const found = await objection()
  edit.run(row.cohort_scope_json, candidateId)
  assert.equal(found?.facts.field, 'inputs.cohort_scope.segments.0')
  assert.equal(await objection(), null)
})

const storedReport = (): ReportInStore => {
  const text = canonicalText(report as unknown as Json)
  return { name: digestOfText(text), checksum: report.replay_checksum, text }
}

test('R3 a report in another form than the canonical one is refused, though it reads as the same values to us', async () => {
  const real = storedReport()
  const { text } = real
  const forms = {
    'a name twice': text.replace('{', '{"counts":{"in_scope":1},'),
    'names in another order': JSON.stringify(Object.fromEntries(Object.entries(report).reverse())),
    spaces: JSON.stringify(report, null, 1),
    'a letter by its number': text.replace('"scored"', '"\\u0073cored"'),
    'a number with an exponent': text.replace('"in_scope":1500', '"in_scope":15e2'),
    nothing: 'null',
    'a list': '[]',
    'no JSON': '{nope',
  }
  for (const [what, other] of Object.entries(forms)) {
    assert.notEqual(other, text, what)
    const forged = { ...real, name: digestOfText(other), text: other }
    forge(real, forged)
    const found = await objection()
    forge(forged, real)
    assert.equal(found?.code, 'audit_broken', what)
  }
  assert.equal(await objection(), null)
})

test('R3 a report or an input that lacks a field, with every digest made to fit, is broken evidence and no fault', async () => {
  const { replay_checksum: _, ...fields } = report
  const real = storedReport()
  const lacking = (change: (copy: ReplayReport) => void): ReportInStore => {
    const copy = structuredClone(fields) as ReplayReport
    change(copy)
    const checksum = replayChecksum(copy)
    const text = canonicalText({ ...copy, replay_checksum: checksum } as unknown as Json)
    return { name: digestOfText(text), checksum, text }
  }
  for (const name of ['inputs', 'candidate_id', ...sampled(Object.keys(fields), 4)]) {
    const forged = lacking(copy => Reflect.deleteProperty(copy, name))
    forge(real, forged)
    const found = await objection()
    forge(forged, real)
    assert.equal(found?.code, 'audit_broken', name)
  }
  for (const [at, { table, text, digest, named }] of inputs().entries()) {
    const { body } = database
      .prepare(`SELECT ${text} AS body FROM ${table} WHERE ${digest} = ?`)
      .get(named) as { readonly body: string }
    const field = (
      ['base_policy_digest', 'proposed_policy_digest', 'thresholds_digest', 'model_digest'] as const
    )[at]
    for (const other of [
      '{}',
      canonicalText({ ...JSON.parse(body), fits: [], guardrails: 1, rules: [{}] }),
    ]) {
      const forged = lacking(copy => Object.assign(copy.inputs, { [field as string]: digestOfText(other) }))
      const edit = database.prepare(`UPDATE ${table} SET ${text} = ?, ${digest} = ? WHERE ${digest} = ?`)
      edit.run(other, digestOfText(other), named)
      forge(real, forged)
      const found = await objection()
      forge(forged, real)
      edit.run(body, named, digestOfText(other))
      assert.equal(found?.code, 'audit_broken', `${field} ${other.slice(0, 40)}`)
    }
  }
  const scope = database.prepare('UPDATE policy_candidate SET cohort_scope_json = ? WHERE id = ?')
  scope.run('{nope', candidateId)
  assert.equal((await objection())?.code, 'audit_broken')
  scope.run(canonicalText(report.inputs.cohort_scope as unknown as Json), candidateId)
  assert.equal(await objection(), null)
})

test('R3 a replay that was changed together with an input, each name made to fit, is none that the log recorded', async () => {
  const { replay_checksum: _, ...fields } = report
  const real = storedReport()
  const named = report.inputs.thresholds_digest
  const { body } = database
    .prepare('SELECT document_json AS body FROM thresholds_version WHERE digest = ?')
    .get(named) as { readonly body: string }
  const thresholds = JSON.parse(body) as Thresholds
  const guardrails = { ...thresholds.guardrails, min_margin_delta_bps: -51 }
  const other = canonicalText({ ...thresholds, guardrails } as unknown as Json)
  assert.notEqual(other, body)
  const forgedFields = { ...fields, inputs: { ...fields.inputs, thresholds_digest: digestOfText(other) } }
  const checksum = replayChecksum(forgedFields)
  const text = canonicalText({ ...forgedFields, replay_checksum: checksum } as unknown as Json)
  const forged = { name: digestOfText(text), checksum, text }
  const edit = database.prepare(
    'UPDATE thresholds_version SET document_json = ?, digest = ? WHERE digest = ?',
  )
  edit.run(other, digestOfText(other), named)
  forge(real, forged)
  const found = await objection()
  forge(forged, real)
  edit.run(body, named, digestOfText(other))
  assert.equal(found?.code, 'audit_broken')
  assert.deepEqual([found?.facts.recorded, found?.facts.found], [[real.checksum], checksum])
  assert.equal(await objection(), null)
})

test('R3 changes recorded of a candidate that do not make its policy out of its base are named', async () => {
  const { diff } = database
    .prepare('SELECT policy_diff_json AS diff FROM policy_candidate WHERE id = ?')
    .get(candidateId) as { readonly diff: string }
  const edit = database.prepare('UPDATE policy_candidate SET policy_diff_json = ? WHERE id = ?')
  const original = JSON.parse(diff) as Json
  // Reasons are words, which only the log can hold against a row: `audit verify`.
  const paths = leavesOf(original).filter(path => path.at(-1) !== 'rationale')
  assert.ok(paths.length >= 5)
  const others = paths.map(path => canonicalText(withOther(original, path)))
  for (const other of [
    ...others,
    '[]',
    '{}',
    '[null]',
    `[${diff.slice(1, -1)},${diff.slice(1, -1)}]`,
    '{nope',
  ]) {
    edit.run(other, candidateId)
    const found = await objection()
    edit.run(diff, candidateId)
    assert.equal(found?.code, 'audit_broken', other)
    assert.match(JSON.stringify(found?.facts), /policy_diff_json|cause/, other)
  }
  assert.equal(await objection(), null)
})

test('R3 a figure of the row that repeats the report is named where it says otherwise', async () => {
  const row = database
    .prepare('SELECT * FROM policy_replay_evaluation WHERE replay_checksum = ?')
    .get(report.replay_checksum) as Readonly<Record<string, string | number | null>>
  const repeated = Object.entries(row).filter(([name]) => !NOT_OF_THE_REPORT.includes(name))
  assert.ok(repeated.length >= 9)
  for (const [name, value] of repeated) {
    const edit = database.prepare(`UPDATE policy_replay_evaluation SET ${name} = ? WHERE id = ?`)
    const other = { deterministic_pass: 0, blast_radius_score: 0.5 }[name] ?? Number(value) + 1
    edit.run(typeof value === 'string' ? `${value}x` : other, row.id as string)
    const found = await objection()
    edit.run(value, row.id as string)
    assert.deepEqual([found?.code, found?.facts.field], ['audit_broken', `policy_replay_evaluation.${name}`])
  }
  assert.equal(await objection(), null)
})

/** What is the row's own, and what finds it. */
const NOT_OF_THE_REPORT = [
  ...['id', 'candidate_id', 'replay_checksum', 'idempotency_key', 'replayed_at'],
  'row_order',
]

test('R3 a pipe in place of the snapshot ends the check instead of keeping it waiting', async () => {
  const file = join(
    installed.folder,
    'home',
    'snapshots',
    `${report.inputs.snapshot_digest.slice('sha256:'.length)}.parquet`,
  )
  await rename(file, `${file}.away`)
  execFileSync('mkfifo', [file])
  const found = await objection()
  await rm(file)
  await rename(`${file}.away`, file)
  assert.equal(found?.code, 'not_found')
  assert.equal(await objection(), null)
})
