import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

const RAW_BYTES = 32

/** Base64 of the 32 bytes of an Ed25519 public key: its one form in tables and keyrings. */
export const publicKeyText = (key: KeyObject): string =>
  Buffer.from(key.export({ format: 'jwk' }).x as string, 'base64url').toString('base64')

/** The key behind that form. Throws on anything else. */
export function publicKeyObject(publicKey: string): KeyObject {
  const x = Buffer.from(publicKey, 'base64').toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

/** First 16 hex digits of SHA-256 over the 32 bytes. */
export const keyIdOf = (publicKey: string): string =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16)

/**
 * The installation a root key founds: `inst_` and 32 hex digits. The name follows from the key, so nobody without that key
 * can put another keyring under the same name.
 */
export const installationIdOf = (rootPublicKey: string): string =>
  `inst_${createHash('sha256').update(`quotey installation\n${rootPublicKey}`).digest('hex').slice(0, 32)}`

/** Reads a public key people hand in: PEM (SPKI) or base64 of the 32 bytes. null when it is no Ed25519 key. */
export function readPublicKey(text: string): string | null {
  const trimmed = text.trim()
  try {
    if (!trimmed.startsWith('-----')) return isRaw(trimmed) ? publicKeyText(publicKeyObject(trimmed)) : null
    const key = createPublicKey(trimmed)
    return key.asymmetricKeyType === 'ed25519' ? publicKeyText(key) : null
  } catch {
    return null
  }
}

function isRaw(text: string): boolean {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === RAW_BYTES && bytes.toString('base64') === text
}
