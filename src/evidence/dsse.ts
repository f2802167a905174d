import { verify } from 'node:crypto'
import type { Json, JsonObject } from '../domain/units.ts'
import { publicKeyObject } from './public-key.ts'

/** A DSSE envelope (github.com/secure-systems-lab/dsse, protocol 1.0). */
export type DsseEnvelope = {
  readonly payload: string
  readonly payloadType: string
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[]
}

/** A signature that verified, and the text it stands under. */
export interface OpenedEnvelope {
  readonly text: string
  /** Ids of the keys whose signatures verified. */
  readonly keyIds: readonly string[]
}

/**
 * Pre-authentication encoding: what is signed. It binds the payload's type, so that no text signed for one purpose serves
 * another.
 */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, 'utf8')
  const head = Buffer.from(`DSSEv1 ${type.length} `, 'utf8')
  return Buffer.concat([head, type, Buffer.from(` ${payload.length} `, 'utf8'), payload])
}

/** The bytes to be signed for a text. */
export const bytesToSign = (payloadType: string, text: string): Uint8Array =>
  preAuthenticationEncoding(payloadType, Buffer.from(text, 'utf8'))

/** The envelope of a text and its signatures (base64), which stand in order of key id. */
export const sealEnvelope = (
  payloadType: string,
  text: string,
  signatures: DsseEnvelope['signatures'],
): DsseEnvelope => ({
  payload: Buffer.from(text, 'utf8').toString('base64'),
  payloadType,
  signatures: [...signatures].sort((one, other) => (one.keyid < other.keyid ? -1 : 1)),
})

/**
 * Opens an envelope of the expected type. Signatures by keys that `publicKeyOf` does not know are passed over, as DSSE
 * says; one that is by a known key and wrong spoils the envelope, and so does a base64 with more than one reading, or
 * signatures out of order or twice: an envelope has one form. null when nothing verified.
 */
export function openEnvelope(
  envelope: Json,
  payloadType: string,
  publicKeyOf: (keyId: string) => string | null,
): OpenedEnvelope | null {
  if (!isEnvelope(envelope) || envelope.payloadType !== payloadType) return null
  const payload = decodeStrictly(envelope.payload)
  if (payload === null) return null
  if (!envelope.signatures.every(({ keyid }, at) => at === 0 || before(envelope, at) < keyid)) return null
  const signed = preAuthenticationEncoding(payloadType, payload)
  const keyIds: string[] = []
  for (const { keyid, sig } of envelope.signatures) {
    const publicKey = publicKeyOf(keyid)
    if (publicKey === null) continue
    const signature = decodeStrictly(sig)
    if (signature === null || !verify(null, signed, publicKeyObject(publicKey), signature)) return null
    keyIds.push(keyid)
  }
  return keyIds.length === 0 ? null : { text: payload.toString('utf8'), keyIds }
}

const before = ({ signatures }: DsseEnvelope, at: number): string => signatures[at - 1]?.keyid ?? ''

/** The text an envelope carries; nothing is verified. */
export const carriedText = (envelope: DsseEnvelope): string =>
  Buffer.from(envelope.payload, 'base64').toString('utf8')

function decodeStrictly(base64: string): Buffer | null {
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 ? bytes : null
}

/** Whether a value has the form of an envelope; nothing is verified. */
export function isEnvelope(value: Json): value is DsseEnvelope {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { payload, payloadType, signatures } = value as JsonObject
  return (
    typeof payload === 'string' &&
    typeof payloadType === 'string' &&
    Array.isArray(signatures) &&
    signatures.every(entry => typeof entry?.keyid === 'string' && typeof entry?.sig === 'string')
  )
}
