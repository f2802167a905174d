import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { keyFolder } from '../../src/adapters/keys.ts'
import type { Json } from '../../src/domain/units.ts'
import { canonicalText } from '../../src/evidence/canonical.ts'
import { carriedText, type DsseEnvelope, sealEnvelope } from '../../src/evidence/dsse.ts'
import { KEYRING_TYPE } from '../../src/evidence/keyring-lineage.ts'
import { addActor } from '../../src/loop/actor.ts'
import { changeRoles } from '../../src/loop/actor-roles.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { signDraft, submitDraft } from '../../src/loop/keyring-draft.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { changeRoot, showRoot } from '../../src/loop/root.ts'
import { codeIn, freshHome, scratchFolder, valueIn } from '../support/fresh-home.ts'

interface Guarded extends AsyncDisposable {
  /** Ports of two persons on one store, each with a key folder of the own and nothing else at hand. */
  readonly ana: Ports
  readonly bob: Ports
  readonly installation: Ports
}

/** An installation guarded by Ana and Bob together, whose keys never lie in one folder. */
async function guardedByTwo(): Promise<Guarded> {
  const home = await freshHome({ ana: ['revenue_ops'], bob: ['runtime_owner'] })
  const folder = scratchFolder()
  const own = (id: string): Ports => ({
    ...home.ports,
    signer: keyFolder(join(folder.path, id), `${id}'s passphrase`),
  })
  const [ana, bob] = [own('ana'), own('bob')]
  for (const [holder, ports] of [
    ['ana', ana],
    ['bob', bob],
  ] as const) {
    const { publicKey } = valueIn(await ports.signer.create(holder))
    valueIn(await changeRoot(home.ports, { kind: 'add', holder, publicKey }))
  }
  const { draft } = valueIn(await changeRoot(home.ports, { kind: 'threshold', persons: 2 }, true))
  valueIn(await submitDraft(home.ports, await signedBy(draft, ana, bob)))
  return {
    ana,
    bob,
    installation: home.ports,
    [Symbol.asyncDispose]: async () => {
      folder[Symbol.dispose]()
      await home[Symbol.asyncDispose]()
    },
  }
}

/** A draft after some persons signed it one after the other. */
async function signedBy(draft: DsseEnvelope | null, ...signers: readonly Ports[]): Promise<DsseEnvelope> {
  let signed = draft as DsseEnvelope
  for (const ports of signers) signed = valueIn(await signDraft(ports, signed as Json)).draft
  return signed
}

const EVE = { id: 'eve', roles: ['safety_owner'], service: false, publicKey: null, validUntil: null }
const ROLE = { id: 'ana', grant: ['safety_owner'], withdraw: [] }

test('two persons change the keyring by a draft that each signs with the own key, and neither can alone', async () => {
  await using guarded = await guardedByTwo()
  const { ana, bob, installation } = guarded
  assert.deepEqual(valueIn(await showRoot(installation)).persons, ['ana', 'bob'])
  for (const ports of [ana, bob, installation]) {
    assert.equal(codeIn(await changeRoles(ports, ROLE)), 'not_authorised')
    assert.equal(codeIn(await addActor(ports, EVE)), 'not_authorised')
  }
  assert.deepEqual(await ana.signer.keysOf('eve'), [])
  const { draft, keyring_version } = valueIn(await changeRoles(ana, ROLE, true))
  assert.equal(codeIn(await submitDraft(ana, draft as Json)), 'not_authorised')
  const seen = valueIn(await signDraft(bob, draft as Json))
  assert.deepEqual(seen.signed_by, ['ana', 'bob'])
  assert.deepEqual(seen.changes, [
    { change: 'roles_changed', actor_id: 'ana', from: ['revenue_ops'], to: ['revenue_ops', 'safety_owner'] },
  ])
  assert.equal(valueIn(await submitDraft(bob, seen.draft as Json)).keyring_version, keyring_version)
  assert.deepEqual(valueIn(await verifyAudit(installation, null)).findings, [])
})

test('A3 a draft that was put in force, or that another change overtook, is refused', async () => {
  await using guarded = await guardedByTwo()
  const { ana, bob } = guarded
  const overtaken = await signedBy(valueIn(await addActor(ana, EVE, true)).draft, bob)
  const settled = await signedBy(valueIn(await changeRoles(ana, ROLE, true)).draft, bob)
  assert.ok((await submitDraft(bob, settled as Json)).ok)
  assert.equal(codeIn(await submitDraft(bob, settled as Json)), 'illegal_move')
  assert.equal(codeIn(await submitDraft(bob, overtaken as Json)), 'illegal_move')
  assert.equal(codeIn(await signDraft(bob, overtaken as Json)), 'illegal_move')
})

test('A3 a draft edited after it was signed is refused, before a second person signs it', async () => {
  await using guarded = await guardedByTwo()
  const { ana, bob } = guarded
  const { draft } = valueIn(await changeRoles(ana, ROLE, true))
  const keyring = JSON.parse(carriedText(draft as DsseEnvelope)) as { actors: { roles: string[] }[] }
  const [first, ...others] = keyring.actors
  const edited = { ...keyring, actors: [{ ...first, roles: ['runtime_owner'] }, ...others] }
  const forged = sealEnvelope(KEYRING_TYPE, canonicalText(edited as Json), (draft as DsseEnvelope).signatures)
  assert.equal(codeIn(await signDraft(bob, forged as Json)), 'signature_invalid')
  assert.equal(codeIn(await submitDraft(bob, forged as Json)), 'signature_invalid')
  assert.ok((await signDraft(bob, draft as Json)).ok)
})

test('A3 a draft of another installation, of another type, or that drops what was known is refused', async () => {
  await using guarded = await guardedByTwo()
  await using other = await freshHome({ ana: ['revenue_ops'] })
  const { ana, bob } = guarded
  const foreign = valueIn(await changeRoles(other.ports, ROLE, true)).draft as DsseEnvelope
  assert.equal(codeIn(await signDraft(bob, foreign as Json)), 'bad_input')
  const { draft } = valueIn(await changeRoles(ana, ROLE, true)) as { draft: DsseEnvelope }
  const keyring = JSON.parse(carriedText(draft)) as { keys: unknown[] }
  const dropping = canonicalText({ ...keyring, keys: keyring.keys.slice(0, -1) } as Json)
  const drafts: Json[] = [
    { ...draft, payloadType: 'application/vnd.quotey.statement+json' },
    sealEnvelope(KEYRING_TYPE, dropping, []) as Json,
    { ...draft, payload: 'bm90aGluZw==' },
    null,
    [],
    { payload: 1 },
  ]
  for (const wrong of drafts) assert.equal(codeIn(await signDraft(bob, wrong)), 'bad_input')
})
