import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { oneServer, onServer, rawDatabase } from '../support/both-stores.ts'
import { quoteyWith } from '../support/command-line.ts'
import { configIn } from '../support/fresh-home.ts'

/** Ana proposes and presents, Sam decides, Ruth applies: three people on one installation whose database is on a server. */
type Said = Readonly<Record<string, never>>

const ENTRY = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

const server = oneServer()
const folders: string[] = []
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** Runs commands with --json and expects each to end as it should. */
const desk = (home: string, url: string) => ({
  does: async (actor: string | null, ...words: string[]): Promise<Said> => {
    const ended = await quoteyWith({ QUOTEY_DATABASE_URL: url }, home, actor, '--json', ...words)
    assert.equal(ended.exitCode, 0, `quotey ${words.join(' ')}\n${ended.stdout}\n${ended.stderr}`)
    return ended.json as Said
  },
  refused: async (actor: string | null, ...words: string[]): Promise<string> => {
    const ended = await quoteyWith({ QUOTEY_DATABASE_URL: url }, home, actor, '--json', ...words)
    const refusal = (ended.json as { refusal?: { code: string } } | null)?.refusal
    assert.ok(refusal, `expected a refusal of quotey ${words.join(' ')}\n${ended.stdout}\n${ended.stderr}`)
    return refusal.code
  },
})

test('O1 the whole loop runs on PostgreSQL through the command line, with drill, backup, restore and audit (D1 L4 V1)', async context => {
  const postgres = await server()
  if (typeof postgres === 'string') return context.skip(`1 test left out: ${postgres}`)
  const folder = await mkdtemp(join(tmpdir(), 'quotey-journey-'))
  folders.push(folder)
  const home = join(folder, 'home')
  const url = await postgres.emptyDatabase()
  const { does, refused } = desk(home, url)
  assert.equal(await refused(null, 'policy', 'show'), 'not_found')

  await does(null, 'init')
  assert.equal(await refused(null, 'init'), 'bad_input')
  assert.deepEqual(readdirSync(home), ['keys'], 'no database in the home')
  for (const [id, role] of [
    ['ana', 'revenue_ops'],
    ['sam', 'safety_owner'],
    ['ruth', 'runtime_owner'],
  ] as const) {
    await does(null, 'actor', 'add', '--id', id, '--role', role)
  }
  const quotes = join(folder, 'quotes.csv')
  await does(null, 'history', 'simulate', '--seed', '7', '--quotes', '6000', '--out', quotes)
  await does(null, 'history', 'import', quotes)
  const proposed = await does('ana', 'policy-opt', 'propose')
  const [{ candidate_id: candidate }] = proposed.candidates as [{ candidate_id: string }]
  await does('ana', 'policy-opt', 'replay', candidate)
  const { packet_id: packet } = await does('ana', 'policy-packet', 'build', candidate)
  await does('sam', 'policy-packet', 'action', packet as string, '--decision', 'approve')
  const applied = await does('ruth', 'policy-opt', 'apply', candidate)
  const again = await does('ruth', 'policy-opt', 'apply', candidate)
  assert.deepEqual(again.apply_record, applied.apply_record)

  const drill = await does('ruth', 'policy-opt', 'drill')
  assert.equal(drill.safety_passed, true)
  assert.equal(drill.live_state_digest_before, drill.live_state_digest_after)

  const reason = ['--ticket', 'CLO-SAFETY-PAUSE-1', '--reason', 'customers call', '--metric', 'other:calls']
  await does('sam', 'policy-opt', 'control', 'pause', ...reason)
  const record = (applied.apply_record as { id: string }).id
  const rolled = await does('ruth', 'policy-opt', 'rollback', record, '--reason', 'no effect')
  assert.equal((rolled.activation as { epoch: number }).epoch, 3)
  assert.equal((await does(null, 'kpi', 'summary')).rolled_back_candidate_count, 1)
  await does(null, 'audit', 'lineage', candidate)
  assert.equal((await does(null, 'validate')).ok, true)

  const backup = join(folder, 'backup')
  const taken = await does(null, 'backup', backup)
  const elsewhere = desk(join(folder, 'second'), await postgres.emptyDatabase())
  const restored = await elsewhere.does(null, 'restore', backup)
  assert.deepEqual([restored.entries, restored.root_hash], [taken.entries, taken.root_hash])
  assert.equal(await elsewhere.refused(null, 'restore', backup), 'bad_input')
  assert.equal((await elsewhere.does(null, 'audit', 'verify')).ok, true)
  assert.equal(existsSync(join(folder, 'second', 'quotey.db')), false)

  assert.equal((await does(null, 'audit', 'verify')).ok, true)
  await using thief = await rawDatabase({ ...configIn(home), databaseUrl: url })
  await thief.disarm('policy_lifecycle_audit')
  const edit =
    "UPDATE policy_lifecycle_audit SET actor_id = 'ruth' WHERE event_type = 'approved' RETURNING id"
  const [edited] = await thief.query(edit)
  const verified = await quoteyWith({ QUOTEY_DATABASE_URL: url }, home, null, '--json', 'audit', 'verify')
  assert.equal(verified.exitCode, 4)
  assert.ok(verified.stdout.includes(String(edited?.id)), verified.stdout)
})

test('serve goes on when the server closes its connections, and doctor names a server that can lose commits', async context => {
  const postgres = await server()
  if (typeof postgres === 'string') return context.skip(`1 test left out: ${postgres}`)
  await using home = await onServer(postgres).freshHome({ cron: ['scheduler'], sam: ['safety_owner'] })
  const settings = { QUOTEY_DATABASE_URL: home.config.databaseUrl as string }
  const words = ['--home', home.config.home, '--as', 'cron', '--json', 'serve', '--port', '0']
  const child = spawn(process.execPath, [ENTRY, ...words], { env: { ...process.env, ...settings } })
  try {
    let said = ''
    child.stderr.on('data', chunk => (said += String(chunk)))
    const line = async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const found = pattern.exec(said)
        if (found !== null) return found[1] as string
        await once(child.stderr, 'data')
      }
    }
    const address = await line(/Server listening at (http:[^"]+)"/)
    const ready = async () => (await fetch(`${address}/readyz`)).json() as Promise<{ paused: boolean }>
    assert.equal((await ready()).paused, false)
    await using raw = await rawDatabase(home.config)
    await raw.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    )
    assert.equal((await ready()).paused, false)
    const metrics = await (await fetch(`${address}/metrics`)).text()
    assert.match(metrics, /^quotey_/m)
  } finally {
    child.kill('SIGTERM')
    await once(child, 'close')
  }
  const doctor = await quoteyWith(settings, home.config.home, null, '--json', 'doctor')
  const { checks } = doctor.json as { checks: { name: string; ok: boolean; found: string }[] }
  const found = new Map(checks.map(check => [check.name, check]))
  assert.match(
    found.get('database')?.found ?? '',
    /^fsync is off: a crash of the server can lose what was committed$/,
  )
  assert.match(found.get('disk')?.found ?? '', /the database takes [1-9]\d* MiB/)
})

test('a home that holds a database in a file is not used together with a server', async context => {
  const postgres = await server()
  if (typeof postgres === 'string') return context.skip(`1 test left out: ${postgres}`)
  const folder = await mkdtemp(join(tmpdir(), 'quotey-journey-'))
  folders.push(folder)
  const home = join(folder, 'home')
  const url = await postgres.emptyDatabase()
  assert.equal((await quoteyWith({}, home, null, 'init')).exitCode, 0)
  const { refused } = desk(home, url)
  assert.equal(await refused(null, 'init'), 'bad_input')
  assert.equal(await refused(null, 'policy', 'show'), 'bad_input')
  const nowhere = desk(join(folder, 'other'), url.replace(/:\d+\//, ':1/'))
  assert.equal(await nowhere.refused(null, 'init'), 'store_unavailable')
  assert.equal(existsSync(join(folder, 'other')), false)
})

/** Loaded before a command: refuses to load the driver. */
const WITHOUT_DRIVER = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({
    resolve(name, context, next) {
      if (name === 'pg') throw new Error('the driver was asked for')
      return next(name, context)
    },
  })`)}`

test('a command on SQLite does not load the driver of PostgreSQL, and one on a server does', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quotey-journey-'))
  folders.push(folder)
  const without = { NODE_OPTIONS: `--import=${WITHOUT_DRIVER}` }
  const home = join(folder, 'home')
  for (const words of [['init'], ['policy-opt', 'control', 'status'], ['audit', 'verify']]) {
    const ended = await quoteyWith(without, home, null, ...words)
    assert.equal(ended.exitCode, 0, ended.stderr)
  }
  const url = 'postgresql://nobody@127.0.0.1:1/nowhere'
  const ended = await quoteyWith(
    { ...without, QUOTEY_DATABASE_URL: url },
    join(folder, 'other'),
    null,
    'init',
  )
  assert.match(ended.stderr, /the driver was asked for/)
})
