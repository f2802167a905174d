import assert from 'node:assert/strict'
import { type ChildProcess, execSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Cron } from 'croner'
import { webhookKey } from '../../src/evidence/webhook-signature.ts'
import { PATTERNS, startSchedule } from '../../src/http/schedule.ts'
import { buildServer } from '../../src/http/server.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import { BrokenState } from '../../src/loop/ports.ts'
import { quotey } from '../support/command-line.ts'
import { freshHome, scratchFolder, valueIn } from '../support/fresh-home.ts'
import { metricLines } from '../support/metric-lines.ts'
import { withKpiFigures } from '../support/overriding.ts'
import { openReceiver } from '../support/receiver.ts'

const entry = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** A line of the log. */
type Line = Readonly<Record<string, unknown>>

interface Serving {
  readonly process: ChildProcess
  readonly address: string
  readonly lines: readonly Line[]
  readonly stdout: () => string
  /** Waits until a line of the log passes. */
  until(passes: (line: Line) => boolean): Promise<Line>
}

/** `quotey serve` in a process of its own, once it listens. */
async function serving(home: string, ...words: readonly string[]): Promise<Serving> {
  const child = spawn(process.execPath, [entry, '--home', home, '--json', ...words, 'serve', '--port', '0'])
  const lines: Line[] = []
  let [rest, out] = ['', '']
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) lines.push(JSON.parse(part))
    child.emit('said')
  })
  const until = async (passes: (line: Line) => boolean): Promise<Line> => {
    for (;;) {
      const found = lines.find(passes)
      if (found !== undefined) return found
      await Promise.race([once(child, 'said'), once(child, 'close').then(() => assert.fail(out + rest))])
    }
  }
  const { msg } = await until(line => String(line.msg).startsWith('Server listening'))
  const address = String(msg).replace('Server listening at ', '')
  return { process: child, address, lines, stdout: () => out, until }
}

test('serve runs the jobs, delivers, answers, logs one JSON line an event and stops when told', async () => {
  await using receiver = await openReceiver()
  await using home = await freshHome({ sam: ['safety_owner'], cron: ['scheduler'] })
  writeFileSync(
    join(home.config.home, 'webhooks.yaml'),
    `webhooks: [{name: chat, kind: slack, url: "${receiver.url}", events: [pause_engaged]}]\n`,
  )
  const service = await serving(home.config.home, '--as', 'cron')
  try {
    assert.match(service.address, /^http:\/\/127\.0\.0\.1:\d+$/, 'loopback unless told otherwise')
    const done = (job: string) => service.until(line => line.job === job && line.msg === 'job done')
    assert.deepEqual([(await done('daily')).already_ran, (await done('weekly')).ok], [false, true])
    const got = async (path: string) => (await fetch(`${service.address}${path}`)).text()
    assert.deepEqual(JSON.parse(await got('/healthz')), { ok: true })
    assert.equal(JSON.parse(await got('/readyz')).paused, false)
    const pause = { actorId: 'sam', ticket: 'CLO-SAFETY-PAUSE-1', reason: 'drift', metrics: ['other:x'] }
    valueIn(await engagePause(home.ports, pause))
    assert.equal((await done('deliver')).delivered, 1)
    assert.equal(receiver.received.length, 1)
    assert.equal(JSON.parse(await got('/readyz')).paused, true, 'a paused installation is ready')
    const metrics = metricLines(await got('/metrics'))
    assert.equal(metrics.get('quotey_safety_paused'), 1)
    assert.ok(
      Math.abs(
        (metrics.get('quotey_job_last_run_timestamp_seconds{task="daily"}') ?? 0) - Date.now() / 1000,
      ) < 60,
    )
    const answer = await fetch(`${service.address}/v1/apply`, { method: 'POST' })
    assert.deepEqual(
      [answer.status, ((await answer.json()) as { refusal: { code: string } }).refusal.code],
      [404, 'not_found'],
    )
    const logged = await service.until(line => line.url === '/v1/apply')
    assert.deepEqual([logged.method, logged.status, logged.msg], ['POST', 404, 'request'])
  } finally {
    service.process.kill('SIGTERM')
  }
  const [exitCode] = await once(service.process, 'close')
  assert.equal(exitCode, 0)
  assert.deepEqual(JSON.parse(service.stdout()), { address: service.address, stopped_by: 'SIGTERM' })
  const again = await serving(home.config.home, '--as', 'cron')
  try {
    const daily = await again.until(line => line.job === 'daily')
    const weekly = await again.until(line => line.job === 'weekly')
    assert.deepEqual([daily.already_ran, weekly.already_ran], [true, true], 'both are safe to run twice')
  } finally {
    again.process.kill('SIGINT')
  }
  assert.deepEqual((await once(again.process, 'close'))[0], 0)
})

test('serve without an actor leaves the jobs to others and says so', async () => {
  await using home = await freshHome()
  const service = await serving(home.config.home)
  const warned = await service.until(line => String(line.msg).startsWith('no actor is named'))
  assert.equal(warned.level, 40)
  service.process.kill('SIGTERM')
  await once(service.process, 'close')
  assert.equal(
    service.lines.some(line => line.job === 'daily'),
    false,
  )
})

test('a port that is taken, or none, is refused', async () => {
  await using receiver = await openReceiver()
  await using home = await freshHome()
  for (const port of [String(receiver.port), '70000']) {
    const ended = await quotey(home.config.home, null, '--json', 'serve', '--port', port)
    assert.equal(ended.exitCode, 2, ended.stderr)
    assert.equal((ended.json as { refusal: { code: string } }).refusal.code, 'bad_input')
  }
})

test('what is sent along in a query ends in no log and no answer', async () => {
  await using home = await freshHome()
  let log = ''
  const server = buildServer(home.ports, {
    write: line => {
      log += line
    },
  })
  const answer = await server.inject('/v1/apply?token=hush-hush')
  await server.inject('/healthz?token=hush-hush')
  await server.close()
  assert.match(log, /"url":"\/healthz"/)
  assert.doesNotMatch(log + answer.body, /hush-hush/)
})

test('a weekly check in which something does not hold is logged as a warning', async () => {
  await using home = await freshHome({ cron: ['scheduler'] })
  const ports = withKpiFigures(home.ports, { rollback_rate_bps: 1 })
  const lines: { job?: string; level: number; ok?: boolean }[] = []
  const server = buildServer(ports, { write: line => lines.push(JSON.parse(line)) })
  await startSchedule(ports, 'cron', server.log).stop()
  await server.close()
  const weekly = lines.find(line => line.job === 'weekly')
  assert.deepEqual([weekly?.level, weekly?.ok], [40, false], JSON.stringify(lines))
})

test('a store that cannot be read makes the service unready, not dead', async () => {
  await using home = await freshHome()
  const refusal = {
    code: 'audit_broken',
    message: 'the database cannot be read',
    facts: {},
    remedy: 'restore',
  } as const
  const read = (): Promise<never> => Promise.reject(new BrokenState(refusal))
  const store = { ...home.ports.store, read }
  const server = buildServer({ ...home.ports, store }, { write: () => undefined })
  const ready = await server.inject('/readyz')
  assert.deepEqual([ready.statusCode, ready.json()], [503, { refusal }])
  assert.equal((await server.inject('/metrics')).statusCode, 503)
  assert.equal((await server.inject('/healthz')).statusCode, 200)
  await server.close()
})

const guide = readFileSync(new URL('../../docs/serve.md', import.meta.url), 'utf8')

test('the jobs run when the guide says', () => {
  const next = (job: keyof typeof PATTERNS, from: string, count: number) =>
    new Cron(PATTERNS[job], { timezone: 'UTC', paused: true })
      .nextRuns(count, new Date(from))
      .map(instant => instant.toISOString().slice(0, 19))
  const monday = '2026-11-23T00:00:00Z'
  assert.deepEqual(next('daily', monday, 2), ['2026-11-23T06:00:00', '2026-11-23T07:00:00'])
  assert.deepEqual(next('weekly', monday, 2), ['2026-11-23T06:15:00', '2026-11-24T06:15:00'])
  assert.deepEqual(next('deliver', monday, 2), ['2026-11-23T00:00:02', '2026-11-23T00:00:04'])
  for (const job of ['daily', 'weekly'] as const) assert.match(guide, new RegExp(`ops ${job}`))
})

test("the guide's lines for cron run, and ask the same patterns", async () => {
  await using home = await freshHome({ cron: ['scheduler'] })
  const lines = [...guide.matchAll(/^ {4}((?:\S+ +){5})quotey --home \/var\/lib\/quotey (.+)$/gm)]
  assert.deepEqual(
    lines.slice(0, 2).map(([, pattern]) => pattern?.trim()),
    [PATTERNS.daily, PATTERNS.weekly],
  )
  assert.equal(lines.length, 3)
  for (const [, , words] of lines) {
    const ended = await quotey(home.config.home, null, ...(words ?? '').split(' '))
    assert.equal(ended.exitCode, 0, `${words}\n${ended.stderr}`)
  }
})

test("the guide's command for a secret makes one", () => {
  const command = /`(printf 'whsec_[^`]+)`/.exec(guide)?.[1] ?? ''
  using folder = scratchFolder()
  execSync(command, { cwd: folder.path })
  const file = join(folder.path, 'deal-desk.secret')
  assert.equal(webhookKey(readFileSync(file, 'utf8').trim())?.length, 32)
  assert.equal(statSync(file).mode & 0o777, 0o600)
})
