import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import type { Json, JsonObject } from '../../src/domain/units.ts'
import { canonicalText } from '../../src/evidence/canonical.ts'
import {
  bytesToSign,
  type DsseEnvelope,
  preAuthenticationEncoding,
  sealEnvelope,
} from '../../src/evidence/dsse.ts'
import { keyIdOf, publicKeyText } from '../../src/evidence/public-key.ts'
import { STATEMENT_TYPE } from '../../src/evidence/statement.ts'
import { addActor } from '../../src/loop/actor.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { signStatement, verifyStatement } from '../../src/loop/sign.ts'
import { codeIn, freshHome, valueIn } from '../support/fresh-home.ts'

const SUBJECTS = { packet: `sha256:${'1'.repeat(64)}` }
const EXPECTED = { operation: 'apply', actorId: 'ruth', subjects: SUBJECTS } as const
const PEOPLE = { ruth: ['runtime_owner'], rob: ['runtime_owner'] } as const

const signedBy = async (ports: Ports, actorId = 'ruth'): Promise<DsseEnvelope> => {
  const at = ports.clock.now()
  const toSign = { operation: 'apply', actorId, subjects: SUBJECTS, activeEpoch: 1, at } as const
  return valueIn(await ports.store.read(tx => signStatement(ports, tx, toSign))).envelope
}

const verdict = (ports: Ports, envelope: Json, expected: Parameters<typeof verifyStatement>[2] = EXPECTED) =>
  ports.store.read(tx => verifyStatement(tx, envelope, expected, ports.clock.now()))

const whyNot = async (...call: Parameters<typeof verdict>): Promise<string> => {
  const result = await verdict(...call)
  assert.equal(codeIn(result), 'signature_invalid')
  return result.ok ? '' : String(result.refusal.facts.why)
}

const payloadOf = (envelope: DsseEnvelope): JsonObject =>
  JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as JsonObject

/** The same statement with changes, signed anew with a private key that ruth's folder holds. */
async function signedAnew(ports: Ports, actorId: string, change: JsonObject, type = STATEMENT_TYPE) {
  const statement = { ...payloadOf(await signedBy(ports, actorId)), ...change }
  const text = canonicalText(statement)
  const [keyId] = (await ports.signer.keysOf(actorId)) as [string]
  const signature = valueIn(await ports.signer.sign(actorId, keyId, bytesToSign(type, text)))
  return sealEnvelope(type, text, [{ keyid: keyId, sig: signature }])
}

test('a statement signed by the one it names is accepted, with what it binds', async () => {
  await using home = await freshHome(PEOPLE)
  const envelope = await signedBy(home.ports)
  const statement = valueIn(await verdict(home.ports, envelope))
  assert.deepEqual(statement.subjects, SUBJECTS)
  assert.equal(statement.control, 'CLO-CTRL-003')
  assert.equal(statement.log.size, 5)
})

test('the encoding under a signature is that of the DSSE specification', () => {
  const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world'))
  assert.equal(Buffer.from(encoded).toString(), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world')
})

test('A3 a forged signature is refused: any changed character of payload or signature', async () => {
  await using home = await freshHome(PEOPLE)
  const envelope = await signedBy(home.ports)
  const [signature] = envelope.signatures as [{ keyid: string; sig: string }]
  const flip = (text: string, at: number): string =>
    `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
  for (let at = 0; at < envelope.payload.length; at += 37) {
    await whyNot(home.ports, { ...envelope, payload: flip(envelope.payload, at) })
  }
  for (let at = 0; at < signature.sig.length; at += 7) {
    await whyNot(home.ports, { ...envelope, signatures: [{ ...signature, sig: flip(signature.sig, at) }] })
  }
  await whyNot(home.ports, { ...envelope, signatures: [] })
  await whyNot(home.ports, { ...envelope, signatures: [{ ...signature, sig: '' }] })
  for (const nothing of [null, 'text', 7, [], {}, { payload: 1 }] as Json[]) await whyNot(home.ports, nothing)
})

test("A3 a stranger's key is refused, also under the id of a known one", async () => {
  await using home = await freshHome(PEOPLE)
  const envelope = await signedBy(home.ports)
  const pair = generateKeyPairSync('ed25519')
  const text = Buffer.from(envelope.payload, 'base64').toString()
  const sig = sign(null, bytesToSign(STATEMENT_TYPE, text), pair.privateKey).toString('base64')
  for (const keyid of [keyIdOf(publicKeyText(pair.publicKey)), String(envelope.signatures[0]?.keyid)]) {
    await whyNot(home.ports, { ...envelope, signatures: [{ keyid, sig }] })
  }
})

test('A3 a swapped payload type is refused, both relabelled and signed as another type', async () => {
  await using home = await freshHome(PEOPLE)
  const envelope = await signedBy(home.ports)
  await whyNot(home.ports, { ...envelope, payloadType: 'application/vnd.quotey.keyring+json' })
  const other = await signedAnew(home.ports, 'ruth', {}, 'application/vnd.quotey.checkpoint+json')
  await whyNot(home.ports, { ...other, payloadType: STATEMENT_TYPE })
})

test('A3 a signature from another installation is refused, also when the same person acts in both', async () => {
  await using one = await freshHome(PEOPLE)
  await using other = await freshHome(PEOPLE)
  await whyNot(other.ports, await signedBy(one.ports))
  const { installation_id } = payloadOf(await signedBy(one.ports))
  const carried = await signedAnew(other.ports, 'ruth', { installation_id: installation_id as Json })
  assert.match(await whyNot(other.ports, carried), /another installation/)
})

test("A3 another actor's key is refused: under own name, and under the name of the other", async () => {
  await using home = await freshHome(PEOPLE)
  assert.match(await whyNot(home.ports, await signedBy(home.ports, 'rob')), /by `rob`/)
  const posing = await signedAnew(home.ports, 'rob', { actor: 'ruth' })
  assert.match(await whyNot(home.ports, posing), /belongs to `rob`/)
})

test('A3 a statement is refused for another operation, other subjects, another epoch or instant', async () => {
  await using home = await freshHome(PEOPLE)
  const envelope = await signedBy(home.ports)
  const { at } = payloadOf(envelope)
  const epochAndInstant = { ...EXPECTED, activeEpoch: 1, signedAt: String(at) }
  assert.ok((await verdict(home.ports, envelope, epochAndInstant)).ok)
  await whyNot(home.ports, envelope, { ...EXPECTED, operation: 'rollback' })
  await whyNot(home.ports, envelope, { ...EXPECTED, subjects: { packet: `sha256:${'2'.repeat(64)}` } })
  await whyNot(home.ports, envelope, { ...EXPECTED, subjects: { ...SUBJECTS, more: 'sha256:0' } })
  await whyNot(home.ports, envelope, { ...EXPECTED, subjects: {} })
  await whyNot(home.ports, envelope, { ...EXPECTED, activeEpoch: 2 })
  await whyNot(home.ports, envelope, { ...EXPECTED, signedAt: '2020-01-01T00:00:00.000Z' })
  const later = await signedAnew(home.ports, 'ruth', { at: '2999-01-01T00:00:00.000Z' })
  await whyNot(home.ports, later)
})

test('A3 a key signs nothing before it is valid, after it expired, or after it was revoked', async () => {
  await using home = await freshHome({ rob: ['runtime_owner'] })
  const { ports } = home
  const from = Date.parse(ports.clock.now())
  const validUntil = new Date(from + 1000).toISOString()
  const roles = ['runtime_owner']
  valueIn(await addActor(ports, { id: 'ruth', roles, service: false, publicKey: null, validUntil }))
  assert.ok((await verdict(ports, await signedBy(ports))).ok)
  const early = await signedAnew(ports, 'ruth', { at: '2020-01-01T00:00:00.000Z' })
  assert.match(await whyNot(ports, early), /valid from/)
  const expired = await signedAnew(ports, 'ruth', { at: validUntil })
  const afterwards = new Date(from + 5000).toISOString()
  const result = await ports.store.read(tx => verifyStatement(tx, expired, EXPECTED, afterwards))
  assert.match(String(!result.ok && result.refusal.facts.why), /expired/)
  const late = {
    operation: 'apply',
    actorId: 'ruth',
    subjects: SUBJECTS,
    activeEpoch: 1,
    at: afterwards,
  } as const
  assert.equal(codeIn(await ports.store.read(tx => signStatement(ports, tx, late))), 'key_expired')

  const before = await signedBy(ports, 'rob')
  assert.ok((await verdict(ports, before, { ...EXPECTED, actorId: 'rob' })).ok)
  valueIn(await revokeActor(ports, { id: 'rob', keyId: null, reason: 'laptop lost' }))
  const byRob = { ...EXPECTED, actorId: 'rob' }
  assert.match(
    await whyNot(ports, before, byRob),
    /revoked/,
    'an earlier instant does not help what comes later',
  )
  const statement = { ...payloadOf(before), at: ports.clock.now() }
  const text = canonicalText(statement)
  const [keyId] = (await ports.signer.keysOf('rob')) as [string]
  const sig = valueIn(await ports.signer.sign('rob', keyId, bytesToSign(STATEMENT_TYPE, text)))
  const after = sealEnvelope(STATEMENT_TYPE, text, [{ keyid: keyId, sig }])
  assert.match(await whyNot(ports, after, byRob), /revoked/)
})

test('A3 the root key signs keyrings and never a statement', async () => {
  await using home = await freshHome(PEOPLE)
  const [rootKeyId] = (await home.ports.signer.keysOf('root')) as [string]
  const statement = { ...payloadOf(await signedBy(home.ports)), key_id: rootKeyId, actor: 'root' }
  const text = canonicalText(statement)
  const sig = valueIn(await home.ports.signer.sign('root', rootKeyId, bytesToSign(STATEMENT_TYPE, text)))
  const envelope = sealEnvelope(STATEMENT_TYPE, text, [{ keyid: rootKeyId, sig }])
  assert.match(await whyNot(home.ports, envelope, { ...EXPECTED, actorId: 'root' }), /root key/)
})
