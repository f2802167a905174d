import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readExportFolder } from '../../src/adapters/export-folder.ts'
import { fillFolder } from '../../src/adapters/new-files.ts'
import { refuse } from '../../src/domain/refusal.ts'
import type { AuditReport } from '../../src/evidence/audit-against.ts'
import { rowsOf } from '../../src/evidence/audit-finding.ts'
import { parsedObject } from '../../src/evidence/audit-log-check.ts'
import type { AuditProofs } from '../../src/evidence/audit-proof-check.ts'
import { exportAudit, verifyExport } from '../../src/loop/audit-export.ts'
import { takeCheckpoint } from '../../src/loop/checkpoint.ts'
import { scratchFolder } from '../support/fresh-home.ts'
import { refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'
import { livedInInstallation } from '../support/lived-in-installation.ts'

const scratch = scratchFolder()
const exported = join(scratch.path, 'export')
let lived: TestInstallation

before(async () => {
  lived = await livedInInstallation()
  succeeded(await takeCheckpoint(lived.ports, 'sam'))
  succeeded(await fillFolder(exported, write => exportAudit(lived.ports, { write })))
})
after(async () => {
  await lived.remove()
  scratch[Symbol.dispose]()
})

/** What the verifier says of the export after some meddling with a copy of it. */
async function afterwards(meddle: (folder: string) => void): Promise<AuditReport> {
  const folder = join(scratch.path, 'meddled')
  rmSync(folder, { recursive: true, force: true })
  cpSync(exported, folder, { recursive: true })
  meddle(folder)
  const read = succeeded(await readExportFolder(folder))
  return succeeded(await verifyExport(read, null, lived.ports.clock.now(), null))
}

const codes = (report: AuditReport): readonly string[] => [
  ...new Set(report.findings.map(({ code }) => code)),
]

function edit(folder: string, file: string, change: (text: string) => string): void {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  const changed = change(text)
  assert.notEqual(changed, text, `${file} was changed`)
  writeFileSync(path, changed)
}

const editProofs = (folder: string, change: (proofs: AuditProofs) => AuditProofs): void =>
  edit(folder, 'proofs.json', text => JSON.stringify(change(JSON.parse(text) as AuditProofs)))

test('V1 an export verifies by itself, and says what it could not check', async () => {
  const report = await afterwards(() => undefined)
  assert.deepEqual(report.findings, [])
  assert.ok(report.ok)
  assert.match(
    report.unchecked.join('\n'),
    /set back.*\n.*no later signature fixes.*\n.*installation you mean.*\n.*after the export.*\n.*newest 1 entries/,
  )
  const proofs = JSON.parse(readFileSync(join(exported, 'proofs.json'), 'utf8')) as AuditProofs
  assert.deepEqual(proofs.inclusion.map(({ event_type }) => event_type).sort(), [
    'applied',
    'approved',
    'rejected',
    'rolled_back',
  ])
  // Two checkpoints and the whole log: one proof from each to the next.
  assert.equal(proofs.consistency.length, 2)
  const note = readFileSync(join(exported, 'checkpoint.txt'), 'utf8')
  const read = succeeded(await readExportFolder(exported))
  const against = succeeded(await verifyExport(read, note, lived.ports.clock.now(), 3600))
  assert.deepEqual([against.ok, against.checkpoint?.entries_since], [true, 1])
  assert.doesNotMatch(
    readdirSync(exported)
      .map(name => readFileSync(join(exported, name), 'utf8'))
      .join(),
    /PRIVATE KEY/,
  )
})

test('V1 entries of an export that were edited, dropped, doubled, reordered or cut off are named', async () => {
  const log = 'policy_lifecycle_audit.jsonl'
  const lines = (change: (lines: string[]) => string[]) => (text: string) =>
    `${change(text.trimEnd().split('\n')).join('\n')}\n`
  const cases: readonly (readonly [string, (text: string) => string])[] = [
    ['edited', text => text.replace('tried before', 'never tried')],
    ['dropped', lines(all => all.toSpliced(4, 1))],
    ['doubled', lines(all => all.toSpliced(4, 0, all[4] as string))],
    ['reordered', lines(all => all.toSpliced(4, 2, all[5] as string, all[4] as string))],
    ['cut off', lines(all => all.slice(0, -3))],
  ]
  for (const [name, change] of cases) {
    const report = await afterwards(folder => edit(folder, log, change))
    assert.ok(!report.ok, name)
    assert.ok(codes(report).includes('proof_invalid'), `${name}: ${codes(report).join()}`)
  }
})

test('V1 rows of an export that were doubled or reordered are named, table by table', async t => {
  let reordered = 0
  for (const name of readdirSync(exported).filter(file => file.endsWith('.jsonl'))) {
    const rows = readFileSync(join(exported, name), 'utf8').trimEnd().split('\n')
    const meddled = async (changed: readonly string[]): Promise<AuditReport> =>
      afterwards(folder => writeFileSync(join(folder, name), `${changed.join('\n')}\n`))
    assert.ok(!(await meddled([...rows, rows.at(-1) as string])).ok, `${name} with its last row twice`)
    if (rows.length < 2) continue
    reordered += 1
    assert.ok(!(await meddled(rows.toReversed())).ok, `${name} in reverse`)
  }
  assert.ok(reordered > 10)
  t.diagnostic(`${reordered} tables in reverse`)
})

test('V1 rows of an export that were edited or dropped are named, table by table', async () => {
  for (const name of readdirSync(exported).filter(file => file.endsWith('.jsonl'))) {
    if (name === 'policy_lifecycle_audit.jsonl') continue
    const dropped = await afterwards(folder => edit(folder, name, text => text.slice(text.indexOf('\n') + 1)))
    assert.ok(!dropped.ok, `${name} without its first row`)
    const missing = await afterwards(folder => rmSync(join(folder, name)))
    assert.ok(!missing.ok, `${name} missing`)
  }
})

/** A text with its first name said twice: what stands first is read by some, what stands last by others. */
const saidTwice = (text: string): string => text.replace(/"(\w+)":(\s*)/, '"$1":$2null,"$1":$2')

test('V1 a row or a proof of an export in which a name stands twice is refused, as readers would read it differently', async () => {
  for (const file of ['actor.jsonl', 'policy_lifecycle_audit.jsonl', 'proofs.json']) {
    const folder = join(scratch.path, 'twice')
    rmSync(folder, { recursive: true, force: true })
    cpSync(exported, folder, { recursive: true })
    edit(folder, file, saidTwice)
    const text = readFileSync(join(folder, file), 'utf8')
    assert.doesNotThrow(() => JSON.parse(file.endsWith('.jsonl') ? (text.split('\n')[0] as string) : text))
    refusedWith('audit_broken', await readExportFolder(folder))
  }
})

test('V1 a stored text in which a name stands twice says nothing, so whatever rests on it does not hold', () => {
  const text = '{"actor":"ruth","log":{"size":7}}'
  assert.deepEqual(parsedObject(text), { actor: 'ruth', log: { size: 7 } })
  assert.equal(parsedObject(saidTwice(text)), null)
  assert.equal(parsedObject('{"log":{"size":7,"size":8}}'), null)
})

test('V1 proofs of an export that were altered, swapped, shortened or left out are named', async () => {
  const firstTwo = ([first, second, ...rest]: AuditProofs['inclusion']) => [
    { ...first, hashes: second?.hashes ?? [] },
    { ...second, hashes: first?.hashes ?? [] },
    ...rest,
  ]
  const cases: Readonly<Record<string, (proofs: AuditProofs) => AuditProofs>> = {
    'left out': proofs => ({ ...proofs, inclusion: proofs.inclusion.slice(1) }),
    swapped: proofs => ({ ...proofs, inclusion: firstTwo(proofs.inclusion) as AuditProofs['inclusion'] }),
    shortened: proofs => ({
      ...proofs,
      inclusion: proofs.inclusion.map(proof => ({ ...proof, hashes: proof.hashes.slice(1) })),
    }),
    'another place': proofs => ({
      ...proofs,
      inclusion: proofs.inclusion.map(proof => ({ ...proof, index: proof.index - 1 })),
    }),
    'no hash': proofs => ({
      ...proofs,
      consistency: proofs.consistency.map(proof => ({ ...proof, old_root_hash: 'sha256:none' })),
    }),
    'consistency shortened': proofs => ({
      ...proofs,
      consistency: proofs.consistency.map(proof => ({ ...proof, hashes: proof.hashes.slice(1) })),
    }),
    'another consistency': proofs => ({
      ...proofs,
      consistency: proofs.consistency.map(proof => ({ ...proof, old_size: proof.old_size - 1 })),
    }),
  }
  for (const [name, change] of Object.entries(cases)) {
    const report = await afterwards(folder => editProofs(folder, change))
    assert.deepEqual(codes(report), ['proof_invalid'], name)
  }
})

test('V1 a checkpoint of an export that was put in place of another is named', async () => {
  const [oldest] = await rowsOf(succeeded(await readExportFolder(exported)).store, 'checkpoint')
  const older = String(oldest?.note)
  for (const meddle of [
    (folder: string) => writeFileSync(join(folder, 'checkpoint.txt'), older),
    (folder: string) => rmSync(join(folder, 'checkpoint.txt')),
  ]) {
    assert.deepEqual(codes(await afterwards(meddle)), ['checkpoint_invalid'])
  }
})

test('what is no export, or no longer one, is refused', async () => {
  refusedWith('bad_input', await readExportFolder(join(scratch.path, 'nowhere')))
  const folder = join(scratch.path, 'torn')
  cpSync(exported, folder, { recursive: true })
  edit(folder, 'actor.jsonl', text => text.slice(0, -5))
  refusedWith('audit_broken', await readExportFolder(folder))
})

test('a folder that is not empty is left as it is, and one that could not be filled is empty again', async () => {
  const taken = join(scratch.path, 'taken')
  mkdirSync(taken)
  writeFileSync(join(taken, 'mine.txt'), 'mine')
  const exporting = (folder: string) => fillFolder(folder, write => exportAudit(lived.ports, { write }))
  refusedWith('bad_input', await exporting(taken))
  assert.deepEqual(readdirSync(taken), ['mine.txt'])
  const half = join(scratch.path, 'half')
  const torn = await fillFolder(half, async write => {
    await write('policy_lifecycle_audit.jsonl', 'begun')
    return refuse('audit_broken', 'the store could not be read on', 'restore a backup')
  })
  refusedWith('audit_broken', torn)
  assert.deepEqual(readdirSync(half), [])
})
