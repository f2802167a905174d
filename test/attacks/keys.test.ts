import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { keyFolder } from '../../src/adapters/keys.ts'
import { keyIdOf, publicKeyText, readPublicKey } from '../../src/evidence/public-key.ts'
import { addActor } from '../../src/loop/actor.ts'
import { codeIn, freshHome, scratchFolder, valueIn } from '../support/fresh-home.ts'

const PAYLOAD = Buffer.from('what is signed')

/** A key folder with one key of ana's in it. */
async function withKey(folder: string, passphrase: string | null = null) {
  const signer = keyFolder(folder, passphrase)
  const { keyId, publicKey } = valueIn(await signer.create('ana'))
  return { signer, keyId, publicKey, path: join(folder, `ana.${keyId}.pem`) }
}

test('a private key lies in a file of mode 0600 in a folder of mode 0700, and is found by its actor alone', async () => {
  using folder = scratchFolder()
  const inside = join(folder.path, 'keys')
  const { signer, keyId, path } = await withKey(inside)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(statSync(inside).mode & 0o777, 0o700)
  assert.deepEqual(await signer.keysOf('ana'), [keyId])
  assert.deepEqual(await signer.keysOf('an'), [])
  assert.ok((await signer.sign('ana', keyId, PAYLOAD)).ok)
})

test('an actor whose id begins like another one sees only the own keys', async () => {
  using folder = scratchFolder()
  const { signer, keyId } = await withKey(folder.path)
  const other = valueIn(await signer.create('ana.b'))
  assert.deepEqual(await signer.keysOf('ana'), [keyId])
  assert.deepEqual(await signer.keysOf('ana.b'), [other.keyId])
})

test('a key that others may read is refused until that is mended', async () => {
  using folder = scratchFolder()
  const { signer, keyId, path } = await withKey(folder.path)
  chmodSync(path, 0o644)
  const refused = await signer.sign('ana', keyId, PAYLOAD)
  assert.equal(codeIn(refused), 'not_authorised')
  assert.match(refused.ok ? '' : refused.refusal.remedy, /chmod 600/)
  chmodSync(path, 0o600)
  assert.ok((await signer.sign('ana', keyId, PAYLOAD)).ok)
})

test('a key that is missing or was altered is refused with what to do', async () => {
  using folder = scratchFolder()
  const { signer, keyId, path } = await withKey(folder.path)
  const pem = readFileSync(path, 'utf8')
  writeFileSync(path, pem.slice(0, 60))
  assert.equal(codeIn(await signer.sign('ana', keyId, PAYLOAD)), 'not_authorised')
  rmSync(path)
  const refused = await signer.sign('ana', keyId, PAYLOAD)
  assert.match(refused.ok ? '' : refused.refusal.remedy, /QUOTEY_KEYS/)
})

test('a key under a passphrase opens with that passphrase only', async () => {
  using folder = scratchFolder()
  const { signer, keyId, path } = await withKey(folder.path, 'correct horse')
  assert.match(readFileSync(path, 'utf8'), /ENCRYPTED PRIVATE KEY/)
  assert.ok((await signer.sign('ana', keyId, PAYLOAD)).ok)
  for (const wrong of [null, 'battery staple']) {
    const refused = await keyFolder(folder.path, wrong).sign('ana', keyId, PAYLOAD)
    assert.equal(codeIn(refused), 'not_authorised')
    assert.match(refused.ok ? '' : refused.refusal.remedy, /QUOTEY_KEY_PASSPHRASE/)
  }
})

test('a key under a passphrase costs a guess as much as scrypt asks for, and any PKCS #8 reader opens it', async () => {
  using folder = scratchFolder()
  const { keyId, publicKey, path } = await withKey(folder.path, 'correct horse')
  const pem = readFileSync(path, 'utf8')
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
  // scrypt (1.3.6.1.4.1.11591.4.11), then its salt and N = 16384, r = 8, p = 5.
  const asked = /2b06010401da47040b30[0-9a-f]{2}0410[0-9a-f]{32}(?<cost>(02[0-9a-f]+?){3})30/.exec(
    der.toString('hex'),
  )
  assert.equal(asked?.groups?.cost, '02024000020108020105')
  const opened = createPublicKey(createPrivateKey({ key: pem, passphrase: 'correct horse' }))
  assert.equal(publicKeyText(opened), publicKey)
  assert.equal(keyIdOf(publicKey), keyId)
})

test('a key file put in the place of another is refused, and signs again where it belongs', async () => {
  using folder = scratchFolder()
  const one = await withKey(folder.path)
  const other = await withKey(folder.path)
  const own = readFileSync(one.path)
  writeFileSync(one.path, readFileSync(other.path))
  const refused = await one.signer.sign('ana', one.keyId, PAYLOAD)
  assert.equal(codeIn(refused), 'not_authorised')
  assert.match(refused.ok ? '' : refused.refusal.message, /is not the key/)
  writeFileSync(one.path, own)
  assert.ok((await one.signer.sign('ana', one.keyId, PAYLOAD)).ok)
})

test('a public key is read as PEM and as base64, and nothing else is taken for one', async () => {
  using folder = scratchFolder()
  const { publicKey } = await withKey(folder.path)
  const der = Buffer.concat([
    Buffer.from('302a300506032b6570032100', 'hex'),
    Buffer.from(publicKey, 'base64'),
  ])
  const pem = `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`
  assert.equal(readPublicKey(pem), publicKey)
  assert.equal(readPublicKey(` ${publicKey}\n`), publicKey)
  for (const wrong of ['', 'AAAA', publicKey.slice(4), `${publicKey}${publicKey}`, pem.replace('MC', 'MD')]) {
    assert.equal(readPublicKey(wrong), null, wrong)
  }
})

test('a key handed in for one person cannot be handed in for another', async () => {
  await using home = await freshHome()
  using folder = scratchFolder()
  const { publicKey } = await withKey(folder.path)
  const add = (id: string) =>
    addActor(home.ports, { id, roles: ['revenue_ops'], service: false, publicKey, validUntil: null })
  assert.equal(valueIn(await add('ana')).public_key, publicKey)
  assert.equal(codeIn(await add('eve')), 'bad_input')
  assert.deepEqual(await home.ports.signer.keysOf('ana'), [])
})

test('a root key that does not open adds nobody, and no key file stays behind; once it opens, it does', async () => {
  await using home = await freshHome()
  const { keysFolder } = home.config
  const [root, ...others] = readdirSync(keysFolder)
  assert.deepEqual(others, [])
  const wanted = { id: 'ana', roles: ['revenue_ops'], service: false, publicKey: null, validUntil: null }
  chmodSync(join(keysFolder, root as string), 0o644)
  assert.equal(codeIn(await addActor(home.ports, wanted)), 'not_authorised')
  assert.deepEqual(readdirSync(keysFolder), [root])
  chmodSync(join(keysFolder, root as string), 0o600)
  valueIn(await addActor(home.ports, wanted))
  assert.equal(readdirSync(keysFolder).length, 2)
})
