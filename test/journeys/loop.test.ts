import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { type Ended, quotey } from '../support/command-line.ts'

/** Ana proposes and presents, Sam decides, Ruth applies: three people on one installation, from quotes to rollback. */
type Said = Record<string, never> & {
  readonly [name: string]: unknown
}

let folder = ''
let home = ''
const file = (name: string): string => join(folder, name)

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quotey-loop-'))
  home = join(folder, 'home')
})
after(() => rm(folder, { recursive: true, force: true }))

/** Runs a command with --json and expects it to end with 0. */
async function does(actor: string | null, ...words: string[]): Promise<Said> {
  const ended = await quotey(home, actor, '--json', ...words)
  assert.equal(ended.exitCode, 0, `quotey ${words.join(' ')}\n${ended.stdout}\n${ended.stderr}`)
  return ended.json as Said
}

async function refused(actor: string | null, ...words: string[]): Promise<{ ended: Ended; code: unknown }> {
  const ended = await quotey(home, actor, '--json', ...words)
  const refusal = (ended.json as { refusal?: { code: string } } | null)?.refusal
  assert.ok(refusal, `expected a refusal of quotey ${words.join(' ')}\n${ended.stdout}\n${ended.stderr}`)
  return { ended, code: refusal.code }
}

const text = (value: unknown): string => String(value)

test('O1 the whole loop runs through the command line as three people, and an edited audit row is named (V1)', async () => {
  await does(null, 'init')
  await does(null, 'actor', 'add', '--id', 'ana', '--role', 'revenue_ops')
  await does(null, 'actor', 'add', '--id', 'sam', '--role', 'safety_owner')
  await does(null, 'actor', 'add', '--id', 'ruth', '--role', 'runtime_owner')

  await does(null, 'history', 'simulate', '--seed', '7', '--quotes', '6000', '--out', file('quotes.csv'))
  const imported = await does(null, 'history', 'import', file('quotes.csv'))
  assert.equal(imported.rows, 6000)
  assert.equal(imported.accepted, 6000)
  const fitness = await does(null, 'history', 'audit', text(imported.snapshot_id))
  assert.notEqual(fitness.verdict, 'unfit')

  const proposed = await does('ana', 'policy-opt', 'propose')
  const candidates = proposed.candidates as unknown as {
    candidate_id: string
    proposed_policy_version: number
  }[]
  assert.ok(candidates.length >= 1, JSON.stringify(proposed))
  const candidate = (candidates[0] as { candidate_id: string }).candidate_id

  const replay = await does('ana', 'policy-opt', 'replay', candidate)
  assert.equal(replay.deterministic_pass, true)
  assert.equal((replay.guardrails as unknown as { passed: boolean }).passed, true)
  const again = await does('ana', 'policy-opt', 'replay', candidate)
  assert.equal(again.replay_checksum, replay.replay_checksum)
  const verified = await does('ana', 'policy-opt', 'replay', candidate, '--verify')
  assert.equal(verified.replay_checksum, replay.replay_checksum)

  const packet = text((await does('ana', 'policy-packet', 'build', candidate)).packet_id)
  await does(null, 'policy-packet', 'show', packet)
  assert.equal((await refused('ruth', 'policy-opt', 'apply', candidate)).ended.exitCode, 3)
  const own = await refused('ana', 'policy-packet', 'action', packet, '--decision', 'approve')
  assert.equal(own.code, 'separation_of_duty')
  const decided = await does('sam', 'policy-packet', 'action', packet, '--decision', 'approve')
  assert.equal(decided.target_status, 'approved')

  assert.equal((await refused('sam', 'policy-opt', 'apply', candidate)).code, 'not_authorised')
  const applied = await does('ruth', 'policy-opt', 'apply', candidate)
  const activation = applied.activation as unknown as { epoch: number; policy_version: number }
  assert.equal(activation.epoch, 2)
  const repeated = await does('ruth', 'policy-opt', 'apply', candidate)
  assert.deepEqual(repeated.apply_record, applied.apply_record)

  const shown = await does(null, 'policy', 'show')
  assert.equal(shown.version, activation.policy_version)
  const candidatePolicy = file('applied.json')
  await writeFile(candidatePolicy, JSON.stringify(shown.document))
  const outcomes = ['--seed', '8', '--quotes', '1500', '--out', file('outcomes.csv')]
  const version = ['--policy', candidatePolicy, '--policy-version', text(activation.policy_version)]
  await does(null, 'history', 'simulate', ...outcomes, ...version)
  const monitored = await does('ana', 'policy-opt', 'monitor', candidate, '--outcomes', file('outcomes.csv'))
  assert.equal(typeof monitored.realized_margin_delta_bps, 'number')

  const drill = await does('ruth', 'policy-opt', 'drill')
  assert.equal(drill.safety_passed, true)
  assert.equal(drill.live_state_digest_before, drill.live_state_digest_after)

  const pause = ['--ticket', 'CLO-SAFETY-PAUSE-1', '--reason', 'margin gap', '--metric', 'margin_gap_alert']
  await does('sam', 'policy-opt', 'control', 'pause', ...pause)
  const status = await does(null, 'policy-opt', 'control', 'status')
  assert.equal(status.paused, true)

  const record = (applied.apply_record as unknown as { id: string }).id
  assert.equal((await refused('ruth', 'policy-opt', 'rollback', record)).code, 'reason_required')
  const rolled = await does('ruth', 'policy-opt', 'rollback', record, '--reason', 'the effect did not arrive')
  assert.equal((rolled.activation as unknown as { epoch: number }).epoch, 3)
  assert.ok((rolled.rollback_record as unknown as { rollback_triggered_at: string }).rollback_triggered_at)
  assert.equal((await does(null, 'policy', 'show')).version, 1)

  const kpi = await does(null, 'kpi', 'summary')
  assert.equal(kpi.applied_candidate_count, 1)
  assert.equal(kpi.rolled_back_candidate_count, 1)
  await does(null, 'audit', 'lineage', candidate)

  const intact = await does(null, 'audit', 'verify')
  assert.equal(intact.ok, true)
  const database = new DatabaseSync(join(home, 'quotey.db'))
  const triggers = database.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'policy_lifecycle_audit'",
  )
  for (const { name } of triggers.all()) database.exec(`DROP TRIGGER "${String(name)}"`)
  const row = database.prepare("SELECT id FROM policy_lifecycle_audit WHERE event_type = 'approved'").get()
  database.prepare("UPDATE policy_lifecycle_audit SET actor_id = 'ruth' WHERE id = ?").run(String(row?.id))
  database.close()
  const edited = await quotey(home, null, '--json', 'audit', 'verify')
  assert.equal(edited.exitCode, 4)
  assert.ok(edited.stdout.includes(String(row?.id)), edited.stdout)
})
