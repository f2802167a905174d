import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { after, before, test } from 'node:test'
import {
  type Checkpoint,
  checkCheckpoint,
  checkpointTexts,
  sealCheckpoint,
} from '../../src/evidence/checkpoint.ts'
import type { Keyring } from '../../src/evidence/keyring.ts'
import { publicKeyObject, publicKeyText } from '../../src/evidence/public-key.ts'
import { NOTE_TYPES, noteKeyId, readNote } from '../../src/evidence/signed-note.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { takeCheckpoint } from '../../src/loop/checkpoint.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { trustedKeyring } from '../../src/loop/trust.ts'
import {
  copyOf,
  daysLater,
  newInstallation,
  refusedWith,
  succeeded,
  type TestInstallation,
} from '../support/installation.ts'

let installed: TestInstallation
before(async () => {
  installed = await newInstallation()
})
after(() => installed.remove())

const pause = { actorId: 'sam', ticket: 'CLO-SAFETY-PAUSE-2', reason: 'again', metrics: ['other:again'] }
const keyringOf = (ports: Ports): Promise<Keyring> => ports.store.read(trustedKeyring)
const codes = (report: { readonly findings: readonly { readonly code: string }[] }): readonly string[] =>
  report.findings.map(({ code }) => code)

test('a checkpoint is a signed note of origin, size and root, with a timed signature of its signer', async () => {
  const { checkpoint, note } = succeeded(await takeCheckpoint(installed.ports, 'ruth'))
  const { installation_id: id } = await keyringOf(installed.ports)
  const [origin, size, root, empty, own, timed, end] = note.split('\n')
  assert.deepEqual([origin, size, empty, end], [`quotey/${id}`, String(checkpoint.log.size), '', ''])
  assert.match(String(root), /^[A-Za-z0-9+/]{43}=$/)
  // Key id and Ed25519 signature; the second with eight bytes of time between.
  assert.equal(Buffer.from(String(own?.split(' ')[2]), 'base64').length, 4 + 64)
  assert.equal(own?.split(' ')[1], origin)
  assert.equal(timed?.split(' ')[1], `quotey/${id}/ruth`)
  const bytes = Buffer.from(String(timed?.split(' ')[2]), 'base64')
  assert.equal(bytes.length, 4 + 8 + 64)
  assert.equal(new Date(Number(bytes.readBigUInt64BE(4)) * 1000).toISOString(), checkpoint.at)
})

test('the published example of a note reads as it is meant, and no altered form of it reads at all', () => {
  const note =
    'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n' +
    '— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n'
  const read = readNote(note)
  assert.equal(
    read?.text,
    'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n',
  )
  assert.deepEqual(
    read?.signatures.map(({ name, keyId, signature }) => [
      name,
      Buffer.from(keyId).toString('hex'),
      signature.length,
    ]),
    [['quasimodo.example/salvatore', '367ba04b', 64]],
  )
  const altered = [
    note.slice(0, -1),
    note.replace('\n\n—', '\n—'),
    note.replace('— quasimodo', '- quasimodo'),
    note.replace('example/', 'exa mple/'),
    note.replace('example/', 'exa+mple/'),
    note.replace('Ognuno', 'Ognuno\u0007'),
    note.replace('wNtIc=', 'wNtId='),
    `${note}\n`,
    `${note}more\n`,
  ]
  assert.deepEqual(
    altered.map(readNote),
    altered.map(() => null),
  )
})

/** Keys as other programs publish them: `name+key id+base64 of type and key`. */
const PUBLISHED_KEYS = [
  // golang.org/x/mod, sumdb/note
  'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop',
  // c2sp.org/signed-note
  'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  // transparency-dev/formats, a timestamped cosignature
  'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
]

const PUBLISHED_NOTE =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n\n" +
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'

test('key ids and signatures of other programs come out as those programs publish them', () => {
  const read = readNote(PUBLISHED_NOTE)
  for (const [at, published] of PUBLISHED_KEYS.entries()) {
    const [name, keyId, base64] = published.split('+') as [string, string, string]
    const bytes = Buffer.from(base64, 'base64')
    const type = Object.values(NOTE_TYPES).find(known => known === bytes[0])
    assert.ok(type !== undefined && bytes.length === 33, published)
    const key = bytes.subarray(1).toString('base64')
    assert.equal(Buffer.from(noteKeyId(name, type, key)).toString('hex'), keyId)
    if (at > 0) continue
    const [line] = read?.signatures ?? []
    assert.deepEqual([line?.name, Buffer.from(line?.keyId ?? []).toString('hex')], [name, keyId])
    const text = Buffer.from(String(read?.text))
    assert.ok(verify(null, text, publicKeyObject(key), line?.signature ?? Buffer.alloc(0)))
  }
})

test('V1 a whole store set back is found by a checkpoint kept elsewhere, and by nothing else', async () => {
  const older = await copyOf(installed)
  const newer = await copyOf(installed)
  try {
    const { note } = succeeded(await takeCheckpoint(newer.ports, 'ruth'))
    const report = succeeded(await verifyAudit(newer.ports, note))
    assert.deepEqual([report.ok, report.checkpoint?.entries_since], [true, 1])
    assert.ok(succeeded(await verifyAudit(older.ports, note)).ok, 'nothing has happened since')

    succeeded(await engagePause(newer.ports, pause))
    const later = succeeded(await takeCheckpoint(newer.ports, 'ruth')).note
    assert.ok(succeeded(await verifyAudit(older.ports, null)).ok)
    assert.deepEqual(codes(succeeded(await verifyAudit(older.ports, later))), ['log_set_back'])
  } finally {
    await older.remove()
    await newer.remove()
  }
})

test('V1 two histories that part after the newest signature are told apart by a checkpoint', async () => {
  const [ours, theirs] = [await copyOf(installed), await copyOf(installed)]
  try {
    succeeded(await engagePause(ours.ports, pause))
    succeeded(await engagePause(theirs.ports, { ...pause, reason: 'another story' }))
    const { note } = succeeded(await takeCheckpoint(ours.ports, 'ruth'))
    assert.ok(succeeded(await verifyAudit(ours.ports, note)).ok)
    assert.ok(succeeded(await verifyAudit(theirs.ports, null)).ok)
    assert.deepEqual(codes(succeeded(await verifyAudit(theirs.ports, note))), ['log_rewritten'])
  } finally {
    await ours.remove()
    await theirs.remove()
  }
})

test('V1 a freeze by an old checkpoint is named where a bound is set, and its age is stated where none is', async () => {
  const { note } = succeeded(await takeCheckpoint(installed.ports, 'ruth'))
  const weekSeconds = 7 * 86_400
  const fresh = succeeded(await verifyAudit(installed.ports, note, weekSeconds))
  assert.deepEqual([fresh.ok, Number(fresh.checkpoint?.age_seconds) < 60], [true, true])
  const later = daysLater(installed.ports, 8)
  const frozen = succeeded(await verifyAudit(later, note, weekSeconds))
  assert.deepEqual([frozen.ok, codes(frozen)], [false, ['checkpoint_old']])
  assert.match(String(frozen.findings[0]?.found), /^6912\d\d s old$/)
  const unbounded = succeeded(await verifyAudit(later, note))
  assert.ok(unbounded.ok && Number(unbounded.checkpoint?.age_seconds) >= 8 * 86_400)
})

test('V1 a forged, altered, foreign or unsigned checkpoint is refused; the one as taken is not', async () => {
  const { note } = succeeded(await takeCheckpoint(installed.ports, 'ruth'))
  const other = await newInstallation()
  try {
    const foreign = succeeded(await takeCheckpoint(other.ports, 'ruth')).note
    const [origin, size, root, , own, timed] = note.split('\n') as string[]
    const [otherOrigin, , otherRoot, , otherOwn, otherTimed] = foreign.split('\n') as string[]
    const assembled = (...lines: (string | undefined)[]): string => `${lines.join('\n')}\n`
    const forgeries = {
      'another size': assembled(origin, String(Number(size) - 1), root, '', own, timed),
      'another root': assembled(origin, size, otherRoot, '', own, timed),
      'another log': foreign,
      'signatures of another log': assembled(origin, size, root, '', otherOwn, otherTimed),
      'renamed to this log': assembled(origin, ...foreign.split('\n').slice(1, -1)),
      'our signatures under another log': assembled(otherOrigin, size, root, '', own, timed),
      'no time': assembled(origin, size, root, '', own),
      'the time alone': assembled(origin, size, root, '', timed),
      'an extension line': assembled(origin, size, root, 'more', '', own, timed),
      'a size with a zero before': assembled(origin, `0${size}`, root, '', own, timed),
      'a size beyond counting': assembled(origin, '9'.repeat(17), root, '', own, timed),
      'another minute': assembled(origin, size, root, '', own, turned(timed as string, 11)),
      'a turned bit': assembled(origin, size, root, '', turned(own as string, 40), timed),
    }
    for (const [name, forged] of Object.entries(forgeries)) {
      const result = await verifyAudit(installed.ports, forged)
      assert.ok(!result.ok, name)
      refusedWith('signature_invalid', result)
    }
    // A witness of whom this installation knows nothing may sign as well.
    const witnessed = `${note}${(otherOwn as string).replace(String(otherOrigin), 'witness.example/w1')}\n`
    assert.ok(succeeded(await verifyAudit(installed.ports, witnessed)).ok)
  } finally {
    await other.remove()
  }
})

/** A signature line with one bit of its bytes turned. */
function turned(line: string, byte: number): string {
  const [dash, name, base64] = line.split(' ')
  const bytes = Buffer.from(String(base64), 'base64')
  bytes[byte] = (bytes[byte] as number) ^ 1
  return [dash, name, bytes.toString('base64')].join(' ')
}

test("A3 a stranger's checkpoint is refused, also under the name of somebody known", async () => {
  const keyring = await keyringOf(installed.ports)
  const { checkpoint } = succeeded(await takeCheckpoint(installed.ports, 'ruth'))
  const pair = generateKeyPairSync('ed25519')
  const publicKey = publicKeyText(pair.publicKey)
  const verdict = checkCheckpoint(signedBy(checkpoint, publicKey, pair.privateKey), [keyring])
  assert.deepEqual(verdict, { kind: 'invalid', why: 'no key of this installation signed it' })
  const known = keyring.keys.find(key => key.actor_id === 'ruth')?.public_key as string
  assert.match(
    String(
      (checkCheckpoint(signedBy(checkpoint, known, pair.privateKey), [keyring]) as { why?: string }).why,
    ),
    /does not hold/,
  )
})

function signedBy(
  checkpoint: Checkpoint,
  publicKey: string,
  privateKey: ReturnType<typeof generateKeyPairSync>['privateKey'],
): string {
  const texts = checkpointTexts(checkpoint.origin, checkpoint.log, checkpoint.at)
  const signature = (text: string): string => sign(null, Buffer.from(text), privateKey).toString('base64')
  return sealCheckpoint(checkpoint, publicKey, { own: signature(texts.own), timed: signature(texts.timed) })
}

test('A3 a checkpoint made before its signer was revoked stays good, and one made afterwards is refused', async () => {
  const copy = await copyOf(installed)
  try {
    const before = succeeded(await takeCheckpoint(copy.ports, 'rex'))
    await new Promise(resolve => setTimeout(resolve, 1100))
    succeeded(await revokeActor(copy.ports, { id: 'rex', keyId: null, reason: 'left the company' }))
    assert.ok(succeeded(await verifyAudit(copy.ports, before.note)).ok)
    refusedWith('not_authorised', await takeCheckpoint(copy.ports, 'rex'))
    const keyId = before.checkpoint.key_id
    const { installation_id: id, keys } = await keyringOf(copy.ports)
    const backdatedSize = before.checkpoint.log
    const at = new Date(Math.floor(Date.now() / 1000) * 1000 + 60_000).toISOString()
    const late: Checkpoint = { origin: `quotey/${id}`, log: backdatedSize, actor: 'rex', key_id: keyId, at }
    const texts = checkpointTexts(late.origin, late.log, at)
    const sign = async (text: string): Promise<string> =>
      succeeded(await copy.ports.signer.sign('rex', keyId, Buffer.from(text)))
    const note = sealCheckpoint(late, String(keys.find(key => key.key_id === keyId)?.public_key), {
      own: await sign(texts.own),
      timed: await sign(texts.timed),
    })
    const refusal = refusedWith('signature_invalid', await verifyAudit(copy.ports, note))
    assert.match(refusal.message, /revoked/)
  } finally {
    await copy.remove()
  }
})
