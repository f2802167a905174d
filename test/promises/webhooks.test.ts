import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { retryDelayMs } from '../../src/domain/webhook.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { deliverOutbox } from '../../src/loop/deliver.ts'
import { webhookLine } from '../../src/loop/doctor-webhooks.ts'
import { runDrill } from '../../src/loop/drill.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { quotey } from '../support/command-line.ts'
import { codeIn, type FreshHome, freshHome, valueIn } from '../support/fresh-home.ts'
import { NO_ANSWER, openReceiver, type Received } from '../support/receiver.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const KEY = Buffer.from('a key of thirty-two bytes or more')
const SECRET = `whsec_${KEY.toString('base64')}`

/** An installation whose list names one receiver. */
async function told(url: string, more = ''): Promise<FreshHome> {
  const home = await freshHome({ sam: ['safety_owner'], ruth: ['runtime_owner'] })
  keep(home, 'secret', `${SECRET}\n`)
  list(
    home,
    `webhooks:\n  - {name: ops, url: "${url}", secret_file: secret, events: [pause_engaged]${more}}\n`,
  )
  return home
}

const list = (home: FreshHome, text: string): void => writeFileSync(`${home.config.home}/webhooks.yaml`, text)

/** A file that only its owner may read. */
const keep = (home: FreshHome, name: string, text: string): void =>
  writeFileSync(`${home.config.home}/${name}`, text, { mode: 0o600 })

let engagements = 0
/** Something worth telling: the pause, engaged once more for another reason. */
async function happen(ports: Ports): Promise<string> {
  engagements += 1
  const reason = `reason ${engagements}`
  const metrics = ['other:seen by hand']
  valueIn(await engagePause(ports, { actorId: 'sam', ticket: 'CLO-SAFETY-PAUSE-1', reason, metrics }))
  return reason
}

const deliver = async (ports: Ports) => valueIn(await deliverOutbox(ports))

/** The same ports some time later. */
const after = (ports: Ports, ms: number): Ports => ({
  ...ports,
  clock: {
    monotonicMs: () => ports.clock.monotonicMs(),
    now: () => new Date(Date.parse(ports.clock.now()) + ms).toISOString(),
  },
})
const HOUR_MS = 3_600_000

const reasonIn = ({ body }: Received): unknown => JSON.parse(body).payload.reason

const guide = readFileSync(new URL('../../docs/serve.md', import.meta.url), 'utf8')
const codeOf = (language: string): string =>
  new RegExp(`\\n\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1] ?? ''

type Check = (secret: string, headers: Received['headers'], body: string, nowSeconds?: number) => boolean
const { isGenuine } = (await import(`data:text/javascript,${encodeURIComponent(codeOf('js'))}`)) as {
  readonly isGenuine: Check
}

const genuine = ({ headers, body }: Received): boolean => isGenuine(SECRET, headers, body)

test('an event is told once, signed, with the facts of its entry in the log', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  const reason = await happen(home.ports)
  assert.equal(receiver.received.length, 0)
  assert.equal((await deliver(home.ports)).delivered, 1)
  assert.equal((await deliver(home.ports)).delivered, 0)
  const [request] = receiver.received
  assert.equal(receiver.received.length, 1)
  assert.ok(request !== undefined && genuine(request))
  assert.equal(genuine({ ...request, body: request.body.replace('sam', 'ruth') }), false)
  const signed = `${request.headers['webhook-id']}.${request.headers['webhook-timestamp']}.${request.body}`
  const hmac = createHmac('sha256', KEY).update(signed).digest('base64')
  assert.equal(request.headers['webhook-signature'], `v1,${hmac}`)
  const body = JSON.parse(request.body)
  const entry = await home.ports.store.read(tx => tx.last('policy_lifecycle_audit'))
  assert.deepEqual(
    [body.schema, body.message_id, body.event_id, body.entry_index, body.event_type, body.actor_id],
    ['clo_event.v1', request.headers['webhook-id'], entry?.id, entry?.entry_index, 'pause_engaged', 'sam'],
  )
  assert.equal(reasonIn(request), reason)
})

test('after a 500 and a refused connection the same message comes again, later each time', async () => {
  const first = await openReceiver()
  await using home = await told(first.url)
  await happen(home.ports)
  first.answerWith(500)
  assert.deepEqual(pick(await deliver(home.ports)), [0, 1, 1])
  assert.deepEqual(pick(await deliver(home.ports)), [0, 0, 1], 'before its time nobody tries')
  await first[Symbol.asyncDispose]()
  assert.deepEqual(pick(await deliver(after(home.ports, HOUR_MS))), [0, 1, 1], 'nobody listens there now')
  await using second = await openReceiver(first.port)
  assert.deepEqual(pick(await deliver(after(home.ports, 2 * HOUR_MS))), [1, 0, 0])
  const ids = [...first.received, ...second.received].map(({ headers }) => headers['webhook-id'])
  assert.equal(ids.length, 2)
  assert.equal(new Set(ids).size, 1, 'one id, so that the receiver can drop what it has seen')
  assert.ok(second.received.every(genuine))
  const attempts = await home.ports.store.read(tx => tx.find('outbox_attempt'))
  assert.deepEqual(
    attempts.map(({ outcome, number, status_code, why }) => [outcome, number, status_code, why]),
    [
      ['started', 1, null, null],
      ['failed', 1, 500, 'answered 500'],
      ['started', 2, null, null],
      ['failed', 2, null, 'ECONNREFUSED'],
      ['started', 3, null, null],
      ['delivered', 3, 200, null],
    ],
  )
})

const pick = (report: { delivered: number; failed: number; waiting: number }): readonly number[] => [
  report.delivered,
  report.failed,
  report.waiting,
]

test('messages arrive in the order of the log, also when one of them fails first', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  const reasons = [await happen(home.ports), await happen(home.ports), await happen(home.ports)]
  receiver.answerWith(200, 503)
  assert.deepEqual(pick(await deliver(home.ports)), [1, 1, 2])
  assert.deepEqual(pick(await deliver(after(home.ports, HOUR_MS))), [2, 0, 0])
  assert.deepEqual(receiver.received.map(reasonIn), [reasons[0], reasons[1], reasons[1], reasons[2]])
})

test('two that deliver at once tell each message once', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  for (let count = 0; count < 5; count += 1) await happen(home.ports)
  const reports = await Promise.all([deliver(home.ports), deliver(home.ports), deliver(home.ports)])
  await deliver(home.ports)
  assert.ok(reports.length === 3)
  assert.equal(receiver.received.length, 5)
  assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 5)
})

test('who dies between sending and noting it sends again, under the same id', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  await happen(home.ports)
  const dying: Ports = {
    ...home.ports,
    webhooks: {
      ...home.ports.webhooks,
      post: async (webhook, message) => {
        await home.ports.webhooks.post(webhook, message)
        throw new Error('power loss')
      },
    },
  }
  await assert.rejects(deliverOutbox(dying), /power loss/)
  assert.equal((await deliver(home.ports)).delivered, 0, 'it may still be in the hands of the other')
  assert.equal((await deliver(after(home.ports, 60_000))).delivered, 1)
  const [once, again] = receiver.received
  assert.equal(once?.headers['webhook-id'], again?.headers['webhook-id'])
  assert.equal(once?.body, again?.body)
})

test('where nothing waits, nobody is kept from writing', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  let changes = 0
  const store = { ...home.ports.store, read: home.ports.store.read.bind(home.ports.store) }
  const counting: Ports = {
    ...home.ports,
    store: {
      ...store,
      change: work => {
        changes += 1
        return home.ports.store.change(work)
      },
    },
  }
  assert.equal((await deliver(counting)).waiting, 0)
  assert.equal(changes, 0)
  await happen(home.ports)
  assert.equal((await deliver(counting)).delivered, 1)
  assert.ok(changes > 0)
})

test('a process killed while it delivers leaves the message to the next', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  await happen(home.ports)
  receiver.answerWith(NO_ANSWER)
  const child = spawn(process.execPath, [MAIN, '--home', home.config.home, 'ops', 'deliver'])
  while (receiver.received.length === 0 && child.exitCode === null) await once(receiver.events, 'received')
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.equal((await deliver(after(home.ports, 60_000))).delivered, 1)
  const ids = receiver.received.map(({ headers }) => headers['webhook-id'])
  assert.deepEqual([ids.length, new Set(ids).size], [2, 1])
  assert.equal(valueIn(await verifyAudit(home.ports, null)).ok, true)
})

test('a message that grew too old is given up, and the next goes on', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url, ', max_age_hours: 2')
  await happen(home.ports)
  receiver.answerWith(500)
  await deliver(home.ports)
  const young = await happen(after(home.ports, 3 * HOUR_MS))
  const report = await deliver(after(home.ports, 3 * HOUR_MS))
  assert.deepEqual([report.given_up, report.delivered, report.waiting], [1, 1, 0])
  assert.equal(reasonIn(receiver.received.at(-1) as Received), young)
})

test('a list that cannot be read stops no pause, and the event is told once it can', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  const mended = readFileSync(`${home.config.home}/webhooks.yaml`, 'utf8')
  list(home, 'webhooks: [{name: ')
  const early = await happen(home.ports)
  assert.equal(codeIn(await deliverOutbox(home.ports)), 'bad_input')
  list(home, mended)
  const late = await happen(home.ports)
  assert.equal((await deliver(home.ports)).delivered, 2)
  assert.deepEqual(receiver.received.map(reasonIn), [early, late])
})

test('what is refused or rolled back, or not subscribed to, is not told', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  const ticket = 'CLO-SAFETY-PAUSE-1'
  const metrics = ['other:x']
  codeIn(await engagePause(home.ports, { actorId: 'ruth', ticket, reason: '', metrics }))
  codeIn(await engagePause(home.ports, { actorId: 'nobody', ticket, reason: 'x', metrics }))
  const breaking: Ports = {
    ...home.ports,
    store: {
      ...home.ports.store,
      change: work =>
        home.ports.store.change(async tx => {
          await work(tx)
          throw new Error('before the commit')
        }),
    },
  }
  await assert.rejects(engagePause(breaking, { actorId: 'sam', ticket, reason: 'x', metrics }))
  valueIn(await runDrill(home.ports, { actorId: 'ruth', candidateId: null }))
  assert.equal((await deliver(home.ports)).waiting, 0)
  assert.equal(receiver.received.length, 0)
})

test('a redirect is not followed, and no refusal or row shows a secret', async () => {
  await using receiver = await openReceiver()
  await using home = await told(`${receiver.url}/hush-hush`)
  await happen(home.ports)
  receiver.answerWith(302)
  assert.equal((await deliver(home.ports)).failed, 1)
  assert.equal(receiver.received.length, 1)
  const rows = await home.ports.store.read(async tx => [
    ...(await tx.find('outbox_message')),
    ...(await tx.find('outbox_attempt')),
  ])
  assert.doesNotMatch(JSON.stringify(rows), /hush-hush|whsec_/)
  keep(home, 'secret', 'whsec_tooshort')
  const refused = await deliverOutbox(home.ports)
  assert.equal(codeIn(refused), 'bad_input')
  assert.doesNotMatch(JSON.stringify(refused), /tooshort|hush-hush/)
})

test('a list that is no YAML is refused by place, without the words of the line, which may be an address', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  const broken = [
    'webhooks:\n  - kind: slack\n    url: https://hooks.example/hush-hush: x\n',
    'webhooks: [{url: "https://hooks.example/hush-hush", name: "a}]\n',
    'webhooks: [{url: *hush-hush}]\n',
  ]
  for (const text of broken) {
    keep(home, 'webhooks.yaml', text)
    const refused = await deliverOutbox(home.ports)
    assert.equal(codeIn(refused), 'bad_input')
    assert.match(JSON.stringify(refused), /it is not YAML/)
    assert.doesNotMatch(JSON.stringify([refused, await webhookLine(home.ports)]), /hush-hush/)
  }
})

test('a secret that others may read is refused, and doctor says which', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  assert.equal((await webhookLine(home.ports)).ok, true)
  chmodSync(`${home.config.home}/secret`, 0o640)
  assert.equal(codeIn(await deliverOutbox(home.ports)), 'bad_input')
  const line = await webhookLine(home.ports)
  assert.equal(line.ok, false)
  assert.match(line.found, /others may read `.*secret`/)
})

test('doctor names the webhook for which messages wait over an hour', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  await happen(home.ports)
  assert.equal((await webhookLine(home.ports)).ok, true)
  const line = await webhookLine(after(home.ports, HOUR_MS + 1000))
  assert.deepEqual([line.ok, line.found], [false, '1 messages wait for over an hour: ops'])
})

test('`ops deliver` delivers and says so', async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  await happen(home.ports)
  const ended = await quotey(dirname(home.databasePath), null, '--json', 'ops', 'deliver')
  assert.equal(ended.exitCode, 0, ended.stderr)
  assert.deepEqual(ended.json, { delivered: 1, failed: 0, given_up: 0, waiting: 0, next_attempt_at: null })
  assert.equal(receiver.received.length, 1)
})

test("the guide's check of a signature refuses other keys, ids, times and bodies", async () => {
  await using receiver = await openReceiver()
  await using home = await told(receiver.url)
  await happen(home.ports)
  await deliver(home.ports)
  const [{ headers, body }] = receiver.received as [Received]
  const now = Number(headers['webhook-timestamp'])
  assert.equal(isGenuine(SECRET, headers, body, now), true)
  const other = `whsec_${Buffer.from('some other key of that length ...').toString('base64')}`
  assert.equal(isGenuine(other, headers, body, now), false)
  assert.equal(isGenuine(SECRET, { ...headers, 'webhook-id': 'msg_2' }, body, now), false)
  assert.equal(isGenuine(SECRET, { ...headers, 'webhook-timestamp': `${now + 1}` }, body, now), false)
  assert.equal(isGenuine(SECRET, headers, `${body} `, now), false)
  assert.equal(
    isGenuine(SECRET, headers, body, now + 301),
    false,
    'an old message sent again by somebody else',
  )
})

test("the guide's list of webhooks is read as it stands", async () => {
  await using home = await freshHome()
  list(home, codeOf('yaml'))
  keep(home, 'deal-desk.secret', SECRET)
  keep(home, 'reviewers.url', 'https://hooks.slack.example/services/T0/B0/x\n')
  const [first, second] = valueIn(await home.ports.webhooks.all())
  assert.deepEqual([first?.name, first?.kind, first?.maxAgeHours], ['deal-desk', 'event', 72])
  assert.deepEqual(
    [second?.name, second?.kind, second?.link],
    ['reviewers', 'slack', 'https://reviews.example/?id={id}'],
  )
})

test('waits grow twofold up to an hour and spread by half', () => {
  assert.deepEqual([retryDelayMs(1, 0), retryDelayMs(1, 0.5)], [2500, 3750])
  for (let failures = 1; failures < 40; failures += 1) {
    const [least, most] = [retryDelayMs(failures, 0), retryDelayMs(failures, 1 - 2 ** -32)]
    assert.ok(least * 2 - most <= 1 && most <= 3_600_000)
    assert.ok(failures === 1 || least >= retryDelayMs(failures - 1, 0))
  }
})
