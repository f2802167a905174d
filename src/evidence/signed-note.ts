import { sha256 } from './canonical.ts'

/** One signature line of a note (c2sp.org/signed-note). */
export interface NoteSignature {
  readonly name: string
  /** First four bytes of the hash over name, type and public key. */
  readonly keyId: Uint8Array
  readonly signature: Uint8Array
}

/** A text that ends in a newline, and the signatures under it. */
export interface SignedNote {
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** Bytes that tell kinds of signatures apart: Ed25519 over the text, and the timestamped one of a witness (c2sp.org/tlog-cosignature). */
export const NOTE_TYPES = { ed25519: 0x01, cosignature: 0x04 } as const

export type NoteType = (typeof NOTE_TYPES)[keyof typeof NOTE_TYPES]

const KEY_ID_LENGTH = 4
/** More than the 16 that every reader must take. */
const SIGNATURES_MAX = 64

/** SHA-256(name || 0x0A || type || 32 bytes of the Ed25519 key), its first four bytes. `publicKey` is base64. */
export const noteKeyId = (name: string, type: NoteType, publicKey: string): Uint8Array =>
  sha256(
    Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), Buffer.from([type]), Buffer.from(publicKey, 'base64')]),
  ).subarray(0, KEY_ID_LENGTH)

/** The note as it is kept: text, empty line, one line a signature. */
export const sealNote = ({ text, signatures }: SignedNote): string =>
  `${text}\n${signatures.map(signatureLine).join('')}`

const signatureLine = ({ name, keyId, signature }: NoteSignature): string =>
  `— ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`

/** Takes a note apart, null where it is none: the last empty line ends the text, and nothing but signature lines may follow. */
export function readNote(note: string): SignedNote | null {
  if (hasControlCharacters(note)) return null
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n')) return null
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > SIGNATURES_MAX) return null
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const parts = /^— (?<name>[^\s+]+) (?<base64>[A-Za-z0-9+/]+={0,2})$/u.exec(line)?.groups
    if (parts === undefined) return null
    const bytes = Buffer.from(parts.base64 as string, 'base64')
    if (bytes.toString('base64') !== parts.base64 || bytes.length <= KEY_ID_LENGTH) return null
    signatures.push({
      name: parts.name as string,
      keyId: bytes.subarray(0, KEY_ID_LENGTH),
      signature: bytes.subarray(KEY_ID_LENGTH),
    })
  }
  return { text: note.slice(0, split + 1), signatures }
}

const SPACE = 0x20

const hasControlCharacters = (note: string): boolean =>
  [...note].some(character => character !== '\n' && (character.codePointAt(0) as number) < SPACE)
