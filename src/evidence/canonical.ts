import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Digest, Json } from '../domain/units.ts'

/** The one byte form of a JSON value: RFC 8785 (JCS). */
export function canonicalText(value: Json): string {
  const text = canonicalize(value)
  if (text === undefined) throw new TypeError('a value without a canonical form')
  return text
}

/** SHA-256 of the UTF-8 bytes of a text. */
export const digestOfText = (text: string): Digest =>
  `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`

/** SHA-256 of the canonical form; the name of an artifact. */
export const digestOf = (value: Json): Digest => digestOfText(canonicalText(value))
