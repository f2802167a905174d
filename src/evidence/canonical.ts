import { createHash, hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Digest, Json } from '../domain/units.ts'

/** The one byte form of a JSON value: RFC 8785 (JCS). */
export function canonicalText(value: Json): string {
  const text = canonicalize(value)
  if (text === undefined) throw new TypeError('a value without a canonical form')
  return text
}

/** How JSON files are laid out here, by the spaces of an indent. */
const INDENTS = [0, 1, 2]

/**
 * The value of a JSON text that stands as values are written here: in canonical form, or laid out on one line or on many. Any
 * other text throws: one that says a name twice, or a number in more digits than are kept, reads differently to different readers.
 */
export function readAsWritten(text: string): Json {
  const value = JSON.parse(text) as Json
  const body = text.replaceAll('\r\n', '\n').trim()
  const isWritten = INDENTS.some(spaces => JSON.stringify(value, null, spaces) === body)
  if (isWritten || canonicalText(value) === body) return value
  throw new SyntaxError('it is not in the form in which it was written: a name may stand in it twice')
}

/** SHA-256 of the UTF-8 bytes of a text. */
export const digestOfText = (text: string): Digest =>
  `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`

/** SHA-256 of the canonical form; the name of an artifact. */
export const digestOf = (value: Json): Digest => digestOfText(canonicalText(value))

/** The bytes of a text. */
export const utf8Bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8')

/** SHA-256 of bytes, 32 bytes. */
export const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer')

const DIGEST = /^sha256:[0-9a-f]{64}$/

/** The text form of 32 bytes. */
export const digestOfHash = (bytes: Uint8Array): Digest => `sha256:${Buffer.from(bytes).toString('hex')}`

/** The 32 bytes of a digest's text, null where it is none. */
export const hashOfDigest = (digest: string): Buffer | null =>
  DIGEST.test(digest) ? Buffer.from(digest.slice('sha256:'.length), 'hex') : null
