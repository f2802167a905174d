import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CLICKHOUSE_SERVER, startTwoServers, type TestCluster } from '../support/clickhouse-servers.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const skip =
  CLICKHOUSE_SERVER === null
    ? '1 test file left out: no clickhouse-server here, or not where it was named'
    : false

/** The commands of a page that are to be run, in order, as they stand. */
const runnable = (name: string): string =>
  [...readFileSync(join(root, name), 'utf8').matchAll(/<!-- run -->\n```sh\n([\s\S]*?)```/g)]
    .map(block => block[1])
    .join('')

const folder = mkdtempSync(join(tmpdir(), 'quotey-clickhouse-docs-'))
let cluster: TestCluster

before(async () => {
  if (!skip) cluster = await startTwoServers()
})
after(async () => {
  if (!skip) await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

function run(
  lines: string,
  url: string | null,
  shards = '',
): { readonly status: number | null; readonly text: string } {
  const npx = `npx() { shift; "${process.execPath}" "${join(root, 'bin', 'quotey.mjs')}" "$@"; }\n`
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    EXAMPLES: join(root, 'examples'),
    ...(url === null ? {} : { QUOTEY_CLICKHOUSE_URL: url, QUOTEY_CLICKHOUSE_SHARDS: shards }),
  }
  const ended = spawnSync('sh', ['-e', '-c', npx + lines], { cwd: folder, env, encoding: 'utf8' })
  return { status: ended.status, text: `${ended.stdout}\n${ended.stderr}` }
}

test('O1 the commands of docs/clickhouse.md run as they stand, and before a push or without a place are refused', {
  skip,
}, async () => {
  const tour = runnable('README.md').split('\n')
  const end = tour.findIndex(line => line.includes('policy-packet build'))
  assert.ok(end > 5, 'the README goes as far as a packet')
  const [server] = cluster.servers
  const url = `${server.url}/default`
  const toured = run(tour.slice(0, end).join('\n'), null)
  assert.equal(toured.status, 0, toured.text)

  const nowhere = run('npx quotey history push latest', null)
  assert.equal(nowhere.status, 2, nowhere.text)
  assert.match(nowhere.text, /QUOTEY_CLICKHOUSE_URL/)

  const ended = run(runnable('docs/clickhouse.md'), url)
  assert.equal(ended.status, 0, ended.text)
  assert.match(ended.text, /computed here and by the database, and the same/)

  const again = run('npx quotey history push --json', url)
  const { parts, parts_there } = JSON.parse(again.text) as Readonly<Record<string, number>>
  assert.equal(parts_there, parts)

  const shard = 'quotey_quotes_local ENGINE = MergeTree PARTITION BY snapshot ORDER BY (batch, place)'
  await server.plain(`CREATE TABLE ${shard} AS SELECT * FROM quotey_quotes`)
  await server.plain('DROP TABLE quotey_quotes')
  const byShard = run('npx quotey --as ana policy-opt replay latest --engine clickhouse', url, `${url},`)
  assert.equal(byShard.status, 0, byShard.text)

  await server.plain('TRUNCATE TABLE quotey_snapshots')
  const unproven = run('npx quotey --as ana policy-opt replay latest --engine clickhouse', url)
  assert.equal(unproven.status, 2, unproven.text)
  assert.match(unproven.text, /never arrived whole/)
})
