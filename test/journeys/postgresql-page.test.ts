import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test as plainTest, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { oneServer, TABLE_NAMES } from '../support/both-stores.ts'
import { quoteyWith } from '../support/command-line.ts'
import type { TestPostgres } from '../support/postgres.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PAGE = readFileSync(join(root, 'docs', 'postgresql.md'), 'utf8')

const server = oneServer()
let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'quotey-page-'))
  symlinkSync(join(root, 'sql'), join(folder, 'sql'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

const test = (title: string, work: (postgres: TestPostgres, context: TestContext) => Promise<void>): void => {
  plainTest(title, async context => {
    const postgres = await server()
    if (typeof postgres === 'string') return context.skip(`1 test left out: ${postgres}`)
    await work(postgres, context)
  })
}

/** Blocks of the page in order, with who runs them. */
const BLOCKS = [
  ...PAGE.matchAll(/<!-- run (as administrator|as owner|on a server) -->\n```(?:sql|sh)\n([\s\S]*?)```/g),
].map(([, who, text]) => ({ who: who as string, text: text as string }))

/** The URL of a role that the page made. */
const urlAs = (postgres: TestPostgres, role: string, password: string, database = 'quotey'): string =>
  Object.assign(new URL(postgres.url), { username: role, password, pathname: `/${database}` }).href

async function asking<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function runSql(url: string, text: string): Promise<void> {
  await asking(url, async client => {
    // One by one, as CREATE DATABASE stands alone.
    for (const statement of text.split(/;\n/).filter(part => part.trim() !== ''))
      await client.query(statement)
  })
}

/** Runs lines as a shell would in a clone; what is marked as refused must be. The environment lasts from block to block. */
async function runShell(postgres: TestPostgres, lines: string): Promise<void> {
  const bin = mkdtempSync(join(tmpdir(), 'quotey-npx-'))
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${join(root, 'bin', 'quotey.mjs')}" "$@"\n`
  writeFileSync(join(bin, 'npx'), npx, { mode: 0o755 })
  const { host } = new URL(postgres.url)
  const script = lines
    .replaceAll('localhost:5432', host)
    .replaceAll(
      /^(npx .*?) +# refused: (\w+)$/gm,
      'if $1 >said 2>&1; then exit 9; fi; grep -q "refused ($2)" said',
    )
  const { PATH, HOME } = process.env
  try {
    const child = spawn('sh', ['-e', '-x', '-c', script], {
      cwd: folder,
      env: { PATH: `${bin}:${PATH}`, HOME },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += String(chunk)))
    const status = await new Promise(resolve => child.on('close', resolve))
    assert.equal(status, 0, said)
  } finally {
    rmSync(bin, { recursive: true })
  }
}

test('O1 the commands and statements of docs/postgresql.md run as they stand, from role to restore', async (postgres, context) => {
  assert.equal(BLOCKS.length, 6)
  const psql = spawnSync('psql', ['--version']).status === 0
  let shell = ''
  for (const { who, text } of BLOCKS) {
    if (who === 'as administrator') await runSql(postgres.url, text)
    else if (who === 'as owner') {
      await runShell(postgres, shell)
      shell = ''
      await runSql(urlAs(postgres, 'quotey_owner', 'owner-secret'), text)
    } else if (psql || !text.startsWith('psql')) shell += text
    else context.diagnostic('1 line left out: no psql here')
  }
  await runShell(postgres, shell)
})

test('the role that works every day can switch off, delete, empty and rewrite nothing', async postgres => {
  const app = urlAs(postgres, 'quotey_app', 'app-secret')
  // As the page says for servers before 15.
  const administrator = Object.assign(new URL(postgres.url), { pathname: '/quotey' }).href
  await runSql(administrator, 'REVOKE CREATE ON SCHEMA public FROM PUBLIC')
  const tries: readonly (readonly [string, RegExp])[] = [
    ['DELETE FROM policy_lifecycle_audit', /permission denied/],
    ['TRUNCATE policy_lifecycle_audit', /permission denied/],
    ["UPDATE policy_lifecycle_audit SET actor_id = 'eve'", /permission denied/],
    ["UPDATE policy_candidate SET policy_diff_json = '[]'", /permission denied/],
    ['UPDATE store_control SET only_row = 1', /append-only/],
    ['INSERT INTO store_control VALUES (1, 5)', /permission denied/],
    ['UPDATE counter SET value = value - 1', /only grows/],
    ['ALTER TABLE actor DISABLE TRIGGER ALL', /must be owner|permission denied/],
    ['DROP TRIGGER actor_keeps_rows ON actor', /must be owner/],
    ['DROP FUNCTION quotey_refuse CASCADE', /must be owner/],
    ['SET session_replication_role = replica', /permission denied/],
    ['CREATE TABLE actor_of_mine ()', /permission denied/],
  ]
  for (const [text, refusal] of tries) {
    await assert.rejects(
      asking(app, client => client.query(text)),
      refusal,
      text,
    )
  }
})

test('a password may lie in a file of its own, and is told nowhere', async postgres => {
  const passwords = join(folder, 'pgpass')
  const { host, hostname, port } = new URL(postgres.url)
  writeFileSync(passwords, `${hostname}:${port}:quotey:quotey_app:app-secret\n`, { mode: 0o600 })
  const url = `postgresql://quotey_app@${host}/quotey`
  const settings = { QUOTEY_DATABASE_URL: url, PGPASSFILE: passwords }
  const home = join(folder, '.quotey')
  const shown = await quoteyWith(settings, home, null, '--json', 'policy', 'show')
  assert.equal(shown.exitCode, 0, shown.stdout + shown.stderr)
  const wrong = { QUOTEY_DATABASE_URL: urlAs(postgres, 'quotey_app', 'wrong-secret') }
  const refused = await quoteyWith(wrong, home, null, 'policy', 'show')
  assert.equal(refused.exitCode, 3)
  assert.doesNotMatch(refused.stdout + refused.stderr, /wrong-secret/)
})

test('tables lie in the schema that comes first in the search path, beside whatever else is there', async postgres => {
  const url = new URL(await postgres.emptyDatabase())
  await runSql(
    url.href,
    'CREATE SCHEMA pricing;\nCREATE TABLE actor (name text);\nCREATE VIEW counter AS SELECT 1 AS one',
  )
  url.searchParams.set('options', '-c search_path=pricing,public')
  const settings = { QUOTEY_DATABASE_URL: url.href }
  const home = join(folder, 'in-a-schema')
  for (const words of [
    ['init'],
    ['actor', 'add', '--id', 'ana', '--role', 'revenue_ops'],
    ['audit', 'verify'],
  ]) {
    const ended = await quoteyWith(settings, home, null, ...words)
    assert.equal(ended.exitCode, 0, `${words.join(' ')}: ${ended.stdout}${ended.stderr}`)
  }
  const made = await asking(url.href, client =>
    client.query("SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = 'pricing'"),
  )
  assert.equal(made.rows[0].tables, TABLE_NAMES.length + 1)
})
