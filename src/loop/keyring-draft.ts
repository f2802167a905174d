import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Json } from '../domain/units.ts'
import { carriedText, type DsseEnvelope, isEnvelope } from '../evidence/dsse.ts'
import { type Keyring, readKeyring } from '../evidence/keyring.ts'
import { type KeyringDifference, keyringDifferences } from '../evidence/keyring-difference.ts'
import {
  countedHolders,
  KEYRING_TYPE,
  objectionToContent,
  objectionToStep,
  signersOf,
} from '../evidence/keyring-lineage.ts'
import { keyringRow, settleKeyring, signKeyring } from './keyring-change.ts'
import type { Ports, Reading } from './ports.ts'
import { trustedKeyring } from './trust.ts'

/** A draft as its signers see it. */
export interface DraftSigned {
  readonly keyring_version: number
  /** All that the draft changes: nobody signs what they have not seen. */
  readonly changes: readonly KeyringDifference[]
  readonly signed_by: readonly string[]
  readonly persons_needed: number
  readonly draft: DsseEnvelope
}

/**
 * Adds the signatures of the root keys at hand to a draft of the next keyring. Refuses bad_input for what is no draft,
 * illegal_move for one of another version, signature_invalid where a signature on it is wrong.
 */
export const signDraft = (ports: Ports, envelope: Json): Promise<Result<DraftSigned>> =>
  ports.store.read(async tx => {
    const read = await readDraft(tx, envelope)
    if (!read.ok) return read
    const { current, next, draft } = read.value
    const signed = await signKeyring(ports, next, current, draft.signatures)
    return signed.ok ? done(described(current, next, signed.value)) : signed
  })

/** Puts a draft in force that enough persons signed. Refuses as `signDraft` does, and not_authorised below the threshold. */
export const submitDraft = (ports: Ports, envelope: Json): Promise<Result<DraftSigned>> =>
  ports.store.change(async tx => {
    const read = await readDraft(tx, envelope)
    if (!read.ok) return read
    const { current, next, draft } = read.value
    const at = ports.clock.now()
    const settled = await settleKeyring(tx, ports, { from: current, next, envelope: draft, at })
    return settled.ok ? done(described(current, next, draft)) : settled
  })

interface ReadDraft {
  readonly current: Keyring
  readonly next: Keyring
  readonly draft: DsseEnvelope
}

async function readDraft(tx: Reading, envelope: Json): Promise<Result<ReadDraft>> {
  const notDraft = (why: string): Result<never> =>
    refuse('bad_input', 'the file is no draft of a keyring', 'write one with `--draft FILE`', { why })
  if (!isEnvelope(envelope) || envelope.payloadType !== KEYRING_TYPE) {
    return notDraft('it is no DSSE envelope of a keyring')
  }
  const next = readKeyring(carriedText(envelope))
  if (next === null) return notDraft('it holds no canonical clo_keyring.v1')
  const current = await trustedKeyring(tx)
  if (next.installation_id !== current.installation_id) return notDraft('it is of another installation')
  if (next.version !== current.version + 1) {
    return refuse(
      'illegal_move',
      `the draft is version ${next.version}, and version ${current.version} is in force`,
      'make the change again as a new draft',
      { keyring_version: current.version, draft_version: next.version },
    )
  }
  const why = objectionToContent(next) ?? objectionToStep(current, next)
  if (why !== null) return notDraft(why)
  const known = envelope.signatures.filter(({ keyid }) =>
    [current, next].some(roots => roots.root_key_ids.includes(keyid)),
  )
  const verified = signersUnder(current, next, envelope)
  const wrong = known.find(({ keyid }) => !verified.has(keyid))
  if (wrong === undefined) return done({ current, next, draft: envelope })
  return refuse(
    'signature_invalid',
    `the signature of root key \`${wrong.keyid}\` on the draft does not hold`,
    'go back to the draft as it was before, or make the change again',
  )
}

function signersUnder(current: Keyring, next: Keyring, envelope: DsseEnvelope): ReadonlySet<string> {
  const row = keyringRow(next, envelope, '')
  return new Set([current, next].flatMap(roots => signersOf(row, roots)))
}

function described(current: Keyring, next: Keyring, draft: DsseEnvelope): DraftSigned {
  return {
    keyring_version: next.version,
    changes: keyringDifferences(current, next),
    signed_by: countedHolders(next, [...signersUnder(current, next, draft)]),
    persons_needed: Math.max(current.root_threshold, next.root_threshold),
    draft,
  }
}
