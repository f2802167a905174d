import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { KEY_COLUMNS } from '../../src/evidence/row-digest.ts'
import { type Ended, quotey } from '../support/command-line.ts'
import { scratchFolder } from '../support/fresh-home.ts'

const codeOf = ({ json }: Ended): unknown => (json as { refusal?: { code: string } } | null)?.refusal?.code

test('O1 an installation is founded, staffed, checked, anchored and exported by commands', async () => {
  using folder = scratchFolder()
  const home = join(folder.path, 'home')
  const does = async (actor: string | null, ...words: string[]): Promise<Record<string, unknown>> => {
    const ended = await quotey(home, actor, '--json', ...words)
    assert.equal(ended.exitCode, 0, `${words.join(' ')}\n${ended.stdout}${ended.stderr}`)
    return ended.json as Record<string, unknown>
  }
  const founded = await does(null, 'init')
  assert.match(String(founded.installation_id), /^inst_[0-9a-f]{32}$/)
  assert.equal(founded.policy_version, 1)
  await does(null, 'actor', 'add', '--id', 'sam', '--role', 'safety_owner')
  await does(null, 'actor', 'add', '--id', 'cron', '--service', '--role', 'scheduler')
  const { actors } = (await does(null, 'actor', 'list')) as { actors: { actor_id: string }[] }
  assert.deepEqual(
    actors.map(actor => actor.actor_id),
    ['sam', 'cron'],
  )
  const path = join(folder.path, 'checkpoint.txt')
  await does('sam', 'audit', 'checkpoint', '--out', path)
  await does(null, 'actor', 'revoke', '--id', 'cron', '--reason', 'moved to another machine')
  const report = await does(null, 'audit', 'verify', '--against', path, '--max-age', '7d')
  assert.deepEqual([report.ok, report.entries, report.findings], [true, 7, []])
  assert.match(String(report.root_hash), /^sha256:[0-9a-f]{64}$/)
  const { entries } = (await does(null, 'audit', 'log')) as { entries: { event_type: string }[] }
  assert.equal(entries.length, 7)
  const exported = join(folder.path, 'export')
  await does(null, 'audit', 'export', exported)
  const lines = readFileSync(join(exported, 'policy_lifecycle_audit.jsonl'), 'utf8').trimEnd().split('\n')
  assert.equal(lines.length, 7)
  // A file for each table of evidence, the proofs and the newest checkpoint.
  assert.equal(readdirSync(exported).length, Object.keys(KEY_COLUMNS).length + 3)
  const offline = await quotey(
    join(folder.path, 'nowhere'),
    null,
    '--json',
    'audit',
    'verify',
    '--export',
    exported,
  )
  assert.equal(offline.exitCode, 0, offline.stdout)
  const { ok, unchecked } = offline.json as { ok: boolean; unchecked: string[] }
  assert.ok(ok && unchecked.length >= 2)
  assert.doesNotMatch(lines.join(), /PRIVATE KEY/)
})

test('V1 a store that was edited or set back ends `audit verify` with exit code 4 and one document', async () => {
  using folder = scratchFolder()
  const home = join(folder.path, 'home')
  assert.equal((await quotey(home, null, 'init')).exitCode, 0)
  assert.equal(
    (await quotey(home, null, 'actor', 'add', '--id', 'sam', '--role', 'safety_owner')).exitCode,
    0,
  )
  const older = readFileSync(join(home, 'quotey.db'))
  const checkpoint = join(folder.path, 'checkpoint.txt')
  await quotey(home, null, 'actor', 'add', '--id', 'ruth', '--role', 'runtime_owner')
  assert.equal((await quotey(home, 'sam', 'audit', 'checkpoint', '--out', checkpoint)).exitCode, 0)

  writeFileSync(join(home, 'quotey.db'), older)
  assert.equal((await quotey(home, null, 'audit', 'verify')).exitCode, 0)
  const back = await quotey(home, null, '--json', 'audit', 'verify', '--against', checkpoint)
  assert.equal(back.exitCode, 4)
  assert.match(JSON.stringify(back.json), /log_set_back/)

  const database = new DatabaseSync(join(home, 'quotey.db'))
  database.exec('DROP TRIGGER policy_lifecycle_audit_keeps_columns')
  database.exec("UPDATE policy_lifecycle_audit SET actor_id = 'eve' WHERE entry_index = 1")
  database.close()
  const edited = await quotey(home, null, '--json', 'audit', 'verify')
  assert.equal(edited.exitCode, 4)
  const { ok, findings } = edited.json as { ok: boolean; findings: { code: string; where: string }[] }
  assert.equal(ok, false)
  assert.deepEqual(
    findings.map(finding => finding.code),
    ['entry_columns_differ', 'structure_altered'],
  )
  const spoken = await quotey(home, null, 'audit', 'verify')
  assert.equal(spoken.exitCode, 4)
  assert.match(spoken.stdout, /BROKEN: 2 findings /)
})

test('bad input of each kind ends with code 2, its refusal as one document, and nothing written', async () => {
  using folder = scratchFolder()
  const home = join(folder.path, 'home')
  const refused = async (code: string, ...words: string[]): Promise<void> => {
    const ended = await quotey(home, null, '--json', ...words)
    assert.deepEqual([ended.exitCode, codeOf(ended)], [2, code], `${words.join(' ')}\n${ended.stdout}`)
  }
  const policy = join(folder.path, 'policy.yaml')
  writeFileSync(
    policy,
    'schema: clo_policy.v1\nname: broken\nrules:\n  - id: a\n    kind: prohibit\n    when: quote.colour == 1\n',
  )
  await refused('not_found', 'audit', 'verify')
  await refused('not_found', 'init', '--policy', join(folder.path, 'nowhere.yaml'))
  await refused('invalid_policy', 'init', '--policy', policy)
  assert.equal(existsSync(home), false)
  assert.equal((await quotey(home, null, 'init')).exitCode, 0)
  await refused('bad_input', 'init')
  await refused('bad_input', 'actor', 'add', '--id', 'ana', '--role', 'king')
  await refused('bad_input', 'actor', 'add', '--id', 'ana', '--role', 'revenue_ops', '--valid-until', 'soon')
  await refused('bad_input', 'actor', 'add', '--id', 'ana', '--role', 'revenue_ops', '--public-key', policy)
  await refused('bad_input', 'actor', 'add', '--role', 'revenue_ops')
  await refused('reason_required', 'actor', 'revoke', '--id', 'ana', '--reason', ' ')
  await refused('not_found', 'actor', 'revoke', '--id', 'ana', '--reason', 'left')
  await refused('not_found', 'audit', 'lineage', 'cand_1')
  await refused('bad_input', 'audit', 'export', folder.path)
  await refused('bad_input', 'audit', 'verify', '--against', policy)
  await refused('bad_input', 'audit', 'checkpoint')
  await refused('bad_input', 'audit', 'verify', '--max-age', '7d')
  await refused('bad_input', 'audit', 'verify', '--against', policy, '--max-age', 'soon')
  await refused('bad_input', 'audit', 'verify', '--export', folder.path)
  const log = await quotey(home, null, '--json', 'audit', 'log')
  assert.equal((log.json as { entries: unknown[] }).entries.length, 3)
})
