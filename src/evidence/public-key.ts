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

/**
 * Reads a public key people hand in: PEM (SPKI) or base64 of the 32 bytes. null when it is no Ed25519 key, or one of those
 * points of small order under which some verifiers take one signature for any text, so that it would bind nobody to anything.
 */
export function readPublicKey(text: string): string | null {
  const trimmed = text.trim()
  try {
    const key = trimmed.startsWith('-----')
      ? createPublicKey(trimmed)
      : isRaw(trimmed) && publicKeyObject(trimmed)
    if (key === false || key.asymmetricKeyType !== 'ed25519') return null
    const publicKey = publicKeyText(key)
    return isOfSmallOrder(publicKey) ? null : publicKey
  } catch {
    return null
  }
}

/** y coordinates of the points of order 1, 2, 4 and 8, little-endian, with those forms that exceed 2^255 - 19. */
const SMALL_ORDER_Y: readonly string[] = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]

function isOfSmallOrder(publicKey: string): boolean {
  const y = Buffer.from(publicKey, 'base64')
  // The top bit is the sign of x.
  y[RAW_BYTES - 1] = (y[RAW_BYTES - 1] as number) & 0x7f
  return SMALL_ORDER_Y.includes(y.toString('hex'))
}

function isRaw(text: string): boolean {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === RAW_BYTES && bytes.toString('base64') === text
}
