import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Json } from '../../src/domain/units.ts'
import { canonicalText } from '../../src/evidence/canonical.ts'
import { bytesToSign, type DsseEnvelope, sealEnvelope } from '../../src/evidence/dsse.ts'
import { type Keyring, type StoredKeyring, trustKeyring } from '../../src/evidence/keyring.ts'
import { KEYRING_TYPE } from '../../src/evidence/keyring-lineage.ts'
import { keyIdOf, readPublicKey } from '../../src/evidence/public-key.ts'
import { STATEMENT_TYPE } from '../../src/evidence/statement.ts'
import { addActor } from '../../src/loop/actor.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { changeRoot } from '../../src/loop/root.ts'
import { codeIn, type FreshHome, freshHome, valueIn } from '../support/fresh-home.ts'

/** An installation whose keyring two persons guard, ana and bob; ana holds two of the three root keys. */
let home: FreshHome
let rows: readonly StoredKeyring[]
let installationId: string

before(async () => {
  home = await freshHome({ ana: ['revenue_ops'], bob: ['runtime_owner'] })
  const { ports } = home
  for (const holder of ['ana', 'ana', 'bob']) {
    valueIn(await changeRoot(ports, { kind: 'add', holder, publicKey: null }))
  }
  valueIn(await changeRoot(ports, { kind: 'threshold', persons: 2 }))
  valueIn(await revokeActor(ports, { id: 'bob', keyId: null, reason: 'laptop lost' }))
  rows = await ports.store.read(tx => tx.find('keyring'))
  installationId = keyringOf(rows[0] as StoredKeyring).installation_id
})
after(() => home[Symbol.asyncDispose]())

const keyringOf = (row: StoredKeyring): Keyring => JSON.parse(row.keyring_json) as Keyring
const envelopeOf = (row: StoredKeyring): DsseEnvelope => JSON.parse(row.envelope_json) as DsseEnvelope
const newest = (): StoredKeyring => rows.at(-1) as StoredKeyring

/** The chain with its newest version replaced. */
const withNewest = (row: Partial<StoredKeyring>): readonly StoredKeyring[] => [
  ...rows.slice(0, -1),
  { ...newest(), ...row },
]

function why(stored: readonly StoredKeyring[]): string {
  const verdict = trustKeyring(stored, installationId)
  return verdict.kind === 'untrusted' ? `${verdict.version}: ${verdict.why}` : 'trusted'
}

const withSignatures = (signatures: DsseEnvelope['signatures']): readonly StoredKeyring[] =>
  withNewest({ envelope_json: canonicalText({ ...envelopeOf(newest()), signatures }) })

/** A version signed anew by these root keys, as somebody would who holds them. */
async function signedBy(
  keyring: Keyring,
  keyIds: readonly string[],
  type = KEYRING_TYPE,
): Promise<StoredKeyring> {
  const text = canonicalText(keyring)
  const signatures: { keyid: string; sig: string }[] = []
  for (const keyid of keyIds) {
    const holder = keyring.keys.find(key => key.key_id === keyid)?.actor_id ?? 'root'
    const sig = valueIn(await home.ports.signer.sign(holder, keyid, bytesToSign(type, text)))
    signatures.push({ keyid, sig })
  }
  const envelope_json = canonicalText(sealEnvelope(KEYRING_TYPE, text, signatures))
  return { version: keyring.version, keyring_json: text, envelope_json }
}

const rootKeysOf = (holder: string): readonly string[] => {
  const keyring = keyringOf(newest())
  return keyring.root_key_ids.filter(id =>
    keyring.keys.some(key => key.key_id === id && key.actor_id === holder),
  )
}

test('A3 a keyring signed by the threshold of persons is trusted, version by version', () => {
  assert.equal(why(rows), 'trusted')
  assert.equal(envelopeOf(newest()).signatures.length, 4)
  for (let length = 1; length <= rows.length; length += 1) assert.equal(why(rows.slice(0, length)), 'trusted')
})

test('A3 a truncated envelope is refused below two persons, and passes as long as two are left', () => {
  const { signatures } = envelopeOf(newest())
  const of = (...holders: string[]) =>
    signatures.filter(({ keyid }) => holders.some(holder => rootKeysOf(holder).includes(keyid)))
  assert.equal(why(withSignatures(of('ana', 'bob'))), 'trusted')
  assert.equal(why(withSignatures(of('bob', 'root').concat(of('ana').slice(0, 0)))), refusal('1 persons'))
  assert.equal(why(withSignatures(of('ana'))), refusal('1 persons'))
  assert.equal(why(withSignatures(of('root'))), refusal('0 persons'))
  assert.equal(why(withSignatures([])), refusal('0 persons'))
})

const refusal = (found: string): string =>
  `${newest().version}: root keys of ${found} signed it, version ${newest().version - 1} asks for 2`

test('A3 one person with two root keys does not meet a threshold of two, and with another person does', async () => {
  const next = { ...keyringOf(newest()), version: newest().version + 1 }
  assert.equal(rootKeysOf('ana').length, 2)
  const alone = await signedBy(next, rootKeysOf('ana'))
  assert.match(why([...rows, alone]), /root keys of 1 persons/)
  const together = await signedBy(next, [rootKeysOf('ana')[0] as string, ...rootKeysOf('bob')])
  assert.equal(why([...rows, together]), 'trusted')
})

test('A3 the nameless keeper does not count beside named persons', async () => {
  const next = { ...keyringOf(newest()), version: newest().version + 1 }
  const withKeeper = await signedBy(next, [...rootKeysOf('ana'), ...rootKeysOf('root')])
  assert.match(why([...rows, withKeeper]), /root keys of 1 persons/)
})

test('A3 re-ordered, repeated and swapped signatures are refused; in their order they pass', () => {
  const { signatures } = envelopeOf(newest())
  assert.equal(why(withSignatures([...signatures])), 'trusted')
  assert.equal(why(withSignatures([...signatures].reverse())), refusal('0 persons'))
  const [first, second, ...rest] = signatures as [
    DsseEnvelope['signatures'][number],
    DsseEnvelope['signatures'][number],
    ...DsseEnvelope['signatures'],
  ]
  assert.equal(why(withSignatures([first, first, ...rest])), refusal('0 persons'))
  const swapped = [{ ...first, sig: second.sig }, { ...second, sig: first.sig }, ...rest]
  assert.equal(why(withSignatures(swapped)), refusal('0 persons'))
})

test('A3 one forged signature spoils an envelope whose others hold; one by an unknown key is passed over', () => {
  const { signatures } = envelopeOf(newest())
  const forged = signatures.map((signature, at) =>
    at === 0
      ? { ...signature, sig: `${signature.sig.startsWith('A') ? 'B' : 'A'}${signature.sig.slice(1)}` }
      : signature,
  )
  assert.equal(why(withSignatures(forged)), refusal('0 persons'))
  const stranger = { keyid: 'f'.repeat(16), sig: signatures[0]?.sig as string }
  assert.equal(why(withSignatures([...signatures, stranger])), 'trusted')
})

test('A3 signatures replayed under another version, or made for another payload type, are refused', async () => {
  const next = { ...keyringOf(newest()), version: newest().version + 1 }
  const text = canonicalText(next)
  const { signatures } = envelopeOf(newest())
  const replayed = {
    version: next.version,
    keyring_json: text,
    envelope_json: canonicalText(sealEnvelope(KEYRING_TYPE, text, signatures)),
  }
  assert.match(why([...rows, replayed]), /root keys of 0 persons/)
  assert.match(
    why([...rows, { ...replayed, envelope_json: newest().envelope_json }]),
    /root keys of 0 persons/,
  )
  const confused = await signedBy(next, next.root_key_ids, STATEMENT_TYPE)
  assert.match(why([...rows, confused]), /root keys of 0 persons/)
  assert.equal(why([...rows, await signedBy(next, next.root_key_ids)]), 'trusted')
})

test('A3 a first keyring that lists the founding key but was signed by another is refused', async () => {
  const founding = keyringOf(rows[0] as StoredKeyring)
  assert.equal(why([await signedBy(founding, founding.root_key_ids)]), 'trusted')
  const { keyId, publicKey } = valueIn(await home.ports.signer.create('eve'))
  const own = {
    ...(founding.keys[0] as Keyring['keys'][number]),
    key_id: keyId,
    actor_id: 'eve',
    public_key: publicKey,
  }
  const taken: Keyring = {
    ...founding,
    root_key_ids: [...founding.root_key_ids, keyId],
    keys: [...founding.keys, own],
  }
  assert.match(why([await signedBy(taken, [keyId])]), /named after did not sign/)
})

test('A3 even the root holders cannot give two keys one id, undo a revocation, or alter a known key', async () => {
  const last = keyringOf(newest())
  const signedNext = async (change: Partial<Keyring>) =>
    why([...rows, await signedBy({ ...last, version: last.version + 1, ...change }, last.root_key_ids)])
  assert.equal(await signedNext({}), 'trusted')
  const [key, ...others] = last.keys as [Keyring['keys'][number], ...Keyring['keys'][number][]]
  const stolen = others.at(-1) as Keyring['keys'][number]
  assert.match(await signedNext({ keys: [...last.keys, { ...stolen, key_id: key.key_id }] }), /the same id/)
  assert.match(
    await signedNext({ keys: [...last.keys, { ...stolen, key_id: '0'.repeat(16) }] }),
    /not that of its key/,
  )
  assert.match(await signedNext({ revocations: [] }), /drops or alters revocations/)
  assert.match(
    await signedNext({ keys: [{ ...key, valid_until: '2020-01-01T00:00:00.000Z' }, ...others] }),
    /alters keys/,
  )
  assert.match(await signedNext({ version: last.version + 2 }), /a version is missing/)
  assert.match(await signedNext({ root_threshold: 3 }), /3 of 2 named persons/)
  assert.match(await signedNext({ root_threshold: 0 }), /root threshold is 0/)
  assert.match(await signedNext({ installation_id: 'inst_other' }), /another installation/)
})

test('A3 removing a root key ends its say: signatures of the old version alone no longer suffice', async () => {
  await using own = await freshHome({ ana: ['revenue_ops'] })
  const { ports } = own
  const { root_key_ids } = valueIn(await changeRoot(ports, { kind: 'add', holder: 'ana', publicKey: null }))
  const [founding] = root_key_ids as [string]
  const removal = { kind: 'remove', keyId: founding, reason: 'now in named hands' } as const
  valueIn(await changeRoot(ports, removal))
  assert.equal(codeIn(await changeRoot(ports, removal)), 'not_found')
  const withoutAna: Ports = {
    ...ports,
    signer: { ...ports.signer, keysOf: async id => (id === 'root' ? [founding] : []) },
  }
  const eve = { id: 'eve', roles: ['runtime_owner'], service: false, publicKey: null, validUntil: null }
  assert.equal(codeIn(await addActor(withoutAna, eve)), 'not_authorised')
  assert.ok((await addActor(ports, eve)).ok)
})

test('a public key of small order is refused, as some verifiers take one signature under it for any text', () => {
  for (const y of [`01${'00'.repeat(31)}`, '00'.repeat(32), `${'00'.repeat(31)}80`, `ec${'ff'.repeat(31)}`]) {
    assert.equal(readPublicKey(Buffer.from(y, 'hex').toString('base64')), null, y)
  }
  const sound = keyringOf(newest()).keys[0]?.public_key as string
  assert.equal(readPublicKey(sound), sound)
  assert.equal(keyIdOf(sound), keyringOf(newest()).keys[0]?.key_id)
})

test('a keyring that is no canonical text, or is not JSON, is refused', () => {
  const spaced = JSON.stringify(keyringOf(newest()) as unknown as Json, null, 1)
  for (const keyring_json of ['', 'null', '[]', spaced]) {
    assert.match(why(withNewest({ keyring_json })), /no canonical/)
  }
})
