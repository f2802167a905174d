import { generateKeyPairSync } from 'node:crypto'
import type { RefusalCode, Result } from '../../src/domain/refusal.ts'
import type { Json } from '../../src/domain/units.ts'
import { addActor } from '../../src/loop/actor.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import { changeRoles } from '../../src/loop/actor-roles.ts'
import { rotateActor } from '../../src/loop/actor-rotate.ts'
import { signDraft, submitDraft } from '../../src/loop/keyring-draft.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { changeRoot, showRoot } from '../../src/loop/root.ts'
import { succeeded } from './installation.ts'
import { overriding } from './overriding.ts'

/**
 * One change of who may act. No role gives the right to it: whoever has the root keys of enough persons at hand has it, in every
 * state of the installation, and nobody else.
 */
export interface KeyringDoor {
  readonly name: string
  /** The words it stands behind on the command line. */
  readonly command: string
  /** `draft`: asks for a draft, which puts nothing in force. */
  readonly knock: (ports: Ports, draft: boolean) => Promise<Result<unknown>>
  /** It has no draft of its own. */
  readonly noDraft?: true
}

const REASON = 'no longer needed'

/** A key made elsewhere, so that no case leaves a key file. */
const publicKey = (): string =>
  generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()

/** Taking a key away asks for the signatures of those who are left, so it is one that no holder below has. */
const rootKeyOf = async (ports: Ports, holder: string): Promise<string> =>
  succeeded(await showRoot(ports)).root_keys.find(key => key.holder === holder)?.key_id ?? ''

/** The draft of a harmless change, under no signature yet. */
async function draftIn(ports: Ports): Promise<Json> {
  const nobody = withRootKeysOf(ports, [])
  const wanted = { id: 'ana', grant: ['safety_owner'], withdraw: [] }
  return succeeded(await changeRoles(nobody, wanted, true)).draft as unknown as Json
}

export const KEYRING_DOORS: readonly KeyringDoor[] = [
  {
    name: 'make somebody known',
    command: 'actor add',
    knock: (ports, draft) =>
      addActor(
        ports,
        { id: 'new', roles: ['revenue_ops'], service: false, publicKey: publicKey(), validUntil: null },
        draft,
      ),
  },
  {
    name: 'revoke the keys of somebody',
    command: 'actor revoke',
    knock: (ports, draft) => revokeActor(ports, { id: 'ruth', keyId: null, reason: REASON }, draft),
  },
  {
    name: 'give somebody a new key',
    command: 'actor rotate',
    knock: (ports, draft) =>
      rotateActor(ports, { id: 'ana', publicKey: publicKey(), validUntil: null, reason: REASON }, draft),
  },
  {
    name: 'grant a role',
    command: 'actor grant',
    knock: (ports, draft) => changeRoles(ports, { id: 'ana', grant: ['safety_owner'], withdraw: [] }, draft),
  },
  {
    name: 'withdraw a role',
    command: 'actor withdraw',
    knock: (ports, draft) => changeRoles(ports, { id: 'both', grant: [], withdraw: ['safety_owner'] }, draft),
  },
  {
    name: 'give a person a root key',
    command: 'actor root add',
    knock: (ports, draft) => changeRoot(ports, { kind: 'add', holder: 'rex', publicKey: publicKey() }, draft),
  },
  {
    name: 'take a root key away',
    command: 'actor root remove',
    knock: async (ports, draft) =>
      changeRoot(ports, { kind: 'remove', keyId: await rootKeyOf(ports, 'both'), reason: REASON }, draft),
  },
  {
    name: 'replace a root key',
    command: 'actor root rotate',
    knock: async (ports, draft) => {
      const keyId = await rootKeyOf(ports, 'both')
      return changeRoot(ports, { kind: 'rotate', keyId, publicKey: publicKey(), reason: REASON }, draft)
    },
  },
  {
    name: 'change how many must sign',
    command: 'actor root threshold',
    knock: (ports, draft) => changeRoot(ports, { kind: 'threshold', persons: 1 }, draft),
  },
  {
    name: 'say until when the keyring holds',
    command: 'actor root renew',
    knock: (ports, draft) => changeRoot(ports, { kind: 'expiry', expiresAt: null }, draft),
  },
  {
    name: 'put a draft in force that was signed by whom it was',
    command: 'actor root submit',
    noDraft: true,
    knock: async ports => {
      const signed = succeeded(await signDraft(ports, await draftIn(ports)))
      return submitDraft(ports, signed.draft as unknown as Json)
    },
  },
]

/** Signing a draft puts nothing in force, so anybody may who has a key; what it lacks shows when it is submitted. */
export const SIGNING_A_DRAFT = 'actor root sign'

/** Whose root keys are at hand, and whether they are of enough persons: one where one must sign, two different ones where two must. */
export interface KeyHolders {
  readonly persons: readonly string[]
  readonly enough: { readonly one: boolean; readonly two: boolean }
}

/** `root` is the key that `init` made, which is of no person and does not count where two must sign; Ana has two root keys. */
export const KEY_HOLDERS: readonly KeyHolders[] = [
  { persons: [], enough: { one: false, two: false } },
  { persons: ['root'], enough: { one: true, two: false } },
  { persons: ['sam'], enough: { one: true, two: false } },
  { persons: ['root', 'sam'], enough: { one: true, two: false } },
  { persons: ['ana'], enough: { one: false, two: false } },
  { persons: ['root', 'ana'], enough: { one: true, two: false } },
  { persons: ['ana', 'ruth'], enough: { one: false, two: true } },
  { persons: ['sam', 'rex'], enough: { one: true, two: true } },
]

/** What must come out for these holders where so many persons must sign. */
export const expectedFor = (
  holders: KeyHolders,
  must: 'one' | 'two',
  draft: boolean,
): 'done' | RefusalCode => (draft || holders.enough[must] ? 'done' : 'not_authorised')

/** The same ports with no private keys at hand but these persons'. */
export const withRootKeysOf = (ports: Ports, persons: readonly string[]): Ports => ({
  ...ports,
  signer: overriding(ports.signer, {
    keysOf: async id => (persons.includes(id) ? ports.signer.keysOf(id) : []),
  }),
})
