import { createCipheriv, type KeyObject, randomBytes, scryptSync } from 'node:crypto'

/**
 * Cost of guessing a passphrase: one of the equivalent settings OWASP names for scrypt (Password Storage Cheat Sheet), chosen for
 * its 16 MiB, since OpenSSL opens no PKCS #8 file that asks for more than 32 MiB.
 */
const SCRYPT = { N: 16_384, r: 8, p: 5 } as const
const SALT_BYTES = 16
const KEY_BYTES = 32
const IV_BYTES = 16

const OBJECT_ID = {
  pbes2: '2a864886f70d01050d',
  scrypt: '2b06010401da47040b',
  aes256Cbc: '60864801650304012a',
} as const

/**
 * A private key under a passphrase, as PKCS #8 PEM with PBES2, scrypt and AES-256-CBC (RFC 8018, RFC 7914 section 7), which
 * `openssl pkey` opens. Node's own export derives the key by 2,048 rounds of PBKDF2, which a stolen file would not withstand.
 */
export function sealedPem(key: KeyObject, passphrase: string): string {
  const salt = randomBytes(SALT_BYTES)
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-cbc', scryptSync(passphrase, salt, KEY_BYTES, SCRYPT), iv)
  const sealed = Buffer.concat([cipher.update(key.export({ type: 'pkcs8', format: 'der' })), cipher.final()])
  const derivation = sequence(
    objectId(OBJECT_ID.scrypt),
    sequence(octets(salt), integer(SCRYPT.N), integer(SCRYPT.r), integer(SCRYPT.p)),
  )
  const encryption = sequence(objectId(OBJECT_ID.aes256Cbc), octets(iv))
  const algorithm = sequence(objectId(OBJECT_ID.pbes2), sequence(derivation, encryption))
  return pem('ENCRYPTED PRIVATE KEY', sequence(algorithm, octets(sealed)))
}

/** One DER element; contents here stay below 64 KiB. */
function element(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, Buffer.concat(parts))
const octets = (bytes: Uint8Array): Buffer => element(0x04, bytes)
const objectId = (hex: string): Buffer => element(0x06, Buffer.from(hex, 'hex'))

function integer(value: number): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  // A first bit of 1 would read as a negative number.
  return element(0x02, (bytes[0] as number) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

const pem = (label: string, der: Buffer): string =>
  [
    `-----BEGIN ${label}-----`,
    ...(der.toString('base64').match(/.{1,64}/g) ?? []),
    `-----END ${label}-----`,
    '',
  ].join('\n')
