import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { checkpointPlace } from '../../src/adapters/checkpoint-place.ts'
import { readConfig } from '../../src/config.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { takeCheckpoint } from '../../src/loop/checkpoint.ts'
import { postCheckpoints, unpostedCheckpoints } from '../../src/loop/checkpoint-post.ts'
import { checkpointLine } from '../../src/loop/doctor-checkpoints.ts'
import { opsDaily } from '../../src/loop/ops-daily.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { newInstallation, succeeded, type TestInstallation } from '../support/installation.ts'

let installed: TestInstallation
before(async () => {
  installed = await newInstallation()
})
after(() => installed.remove())

const postingTo = (place: string): Ports => ({ ...installed.ports, checkpointPlace: checkpointPlace(place) })
const take = async (ports: Ports): Promise<string> => succeeded(await takeCheckpoint(ports, 'ruth')).note

test('every checkpoint arrives in the folder that is set, whole, once, and verifies from there', async () => {
  const folder = join(installed.folder, 'outside', 'kept')
  const ports = postingTo(folder)
  const notes = [await take(ports), await take(ports)]
  assert.equal(await unpostedCheckpoints(ports), 2)
  assert.deepEqual(await postCheckpoints(ports), { posted: 2, unposted: 0, why: null })
  assert.deepEqual(await postCheckpoints(ports), { posted: 0, unposted: 0, why: null })
  const names = readdirSync(folder).sort()
  assert.deepEqual(
    names.map(name => readFileSync(join(folder, name), 'utf8')),
    notes,
  )
  assert.match(String(names[0]), /^quotey-inst_[0-9a-f]{32}-0{8}\d\d\.txt$/)
  assert.ok(succeeded(await verifyAudit(ports, notes[0] as string)).ok)
  assert.equal(await postCheckpoints(installed.ports), null)
})

test('a place that cannot be reached loses nothing: what waits is counted and arrives the next time', async () => {
  const folder = join(installed.folder, 'blocked')
  // A file where the folder should be.
  writeFileSync(folder, '')
  const ports = postingTo(folder)
  const note = await take(ports)
  const kept = await installed.ports.store.read(tx => tx.find('checkpoint'))
  const failed = await postCheckpoints(ports)
  assert.deepEqual([failed?.posted, failed?.unposted], [0, kept.length])
  assert.match(String(failed?.why), /blocked/)
  assert.equal(await unpostedCheckpoints(ports), kept.length)
  const waiting = await checkpointLine(ports)
  assert.deepEqual([waiting.ok, waiting.found.endsWith(`; ${kept.length} wait to be posted`)], [false, true])
  rmSync(folder)
  assert.deepEqual(await postCheckpoints(ports), { posted: kept.length, unposted: 0, why: null })
  assert.ok((await checkpointLine(ports)).ok && (await checkpointLine(installed.ports)).ok)
  assert.ok(readdirSync(folder).some(name => readFileSync(join(folder, name), 'utf8') === note))
})

test('a setting that is empty sets no place, and an address of another kind makes no folder of that name', async () => {
  const flags = { home: installed.config.home }
  assert.equal(readConfig(flags, { QUOTEY_CHECKPOINTS: '' }).checkpointPlace, null)
  assert.equal(readConfig(flags, { QUOTEY_CHECKPOINTS: '/mnt/kept' }).checkpointPlace, '/mnt/kept')
  const posting = await postCheckpoints(postingTo('ftp://host/kept'))
  assert.match(String(posting?.why), /`ftp` is no way to post/)
  assert.ok(!existsSync('ftp:'))
})

test('why an address was not reached never quotes the address', async () => {
  await take(installed.ports)
  for (const place of ['https://ann:hush-hush@kept.invalid/', 'https://kept invalid/hush-hush']) {
    const posting = await postCheckpoints(postingTo(place))
    assert.match(String(posting?.why), /the address cannot be used/)
    assert.doesNotMatch(String(posting?.why), /hush-hush/)
  }
  const nobody = await postCheckpoints(postingTo('http://127.0.0.1:1/hush-hush'))
  assert.match(String(nobody?.why), /it cannot be reached: /)
  assert.doesNotMatch(String(nobody?.why), /hush-hush/)
})

test('a folder that holds another checkpoint under the same name is not overwritten', async () => {
  const folder = join(installed.folder, 'occupied')
  const ports = postingTo(folder)
  await take(ports)
  await postCheckpoints(ports)
  const newest = String(readdirSync(folder).sort().at(-1))
  const other = join(installed.folder, 'other')
  mkdirSync(other)
  for (const name of readdirSync(folder)) writeFileSync(join(other, name), 'another\n')
  const refused = await postCheckpoints(postingTo(other))
  assert.match(String(refused?.why), /holds another checkpoint/)
  assert.equal(readFileSync(join(other, newest), 'utf8'), 'another\n')
})

test('the daily check signs and posts a checkpoint over itself, and does not fail where the place does', async () => {
  const folder = join(installed.folder, 'daily')
  writeFileSync(folder, '')
  const ports = postingTo(folder)
  const before = await installed.ports.store.read(tx => tx.find('checkpoint'))
  assert.equal(succeeded(await opsDaily(ports, { actorId: 'cron' })).already_ran, false)
  const after = await installed.ports.store.read(tx => tx.find('checkpoint'))
  assert.deepEqual([after.length, after.at(-1)?.actor_id], [before.length + 1, 'cron'])
  assert.equal(await unpostedCheckpoints(ports), after.length)
  rmSync(folder)
  assert.deepEqual(await postCheckpoints(ports), { posted: after.length, unposted: 0, why: null })
  assert.ok(succeeded(await verifyAudit(installed.ports, String(after.at(-1)?.note), 3600)).ok)
})

test('a webhook gets each checkpoint as text; its refusals and redirects are told and tried again', async () => {
  const received: { name: unknown; body: string }[] = []
  let status = 503
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      if (status === 200) received.push({ name: request.headers['x-quotey-checkpoint'], body })
      response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:9/' } : {}).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    const ports = postingTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keep?token=hidden`)
    const note = await take(ports)
    const waiting = await unpostedCheckpoints(ports)
    assert.match(String((await postCheckpoints(ports))?.why), /answered 503/)
    status = 302
    assert.notEqual((await postCheckpoints(ports))?.why, null)
    assert.equal(await unpostedCheckpoints(ports), waiting)
    status = 200
    assert.deepEqual(await postCheckpoints(ports), { posted: waiting, unposted: 0, why: null })
    assert.equal(received.at(-1)?.body, note)
    assert.ok(!existsSync(join(process.cwd(), 'http:')))
    const posts = await installed.ports.store.read(tx => tx.find('checkpoint_post'))
    assert.doesNotMatch(JSON.stringify(posts), /hidden/)
  } finally {
    server.close()
  }
})
