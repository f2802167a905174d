/** Stands where bytes were not UTF-8: half a surrogate pair, which no UTF-8 text can hold. U+FFFD is a character like others. */
export const NOT_UTF8 = '\uD800'

const REPLACEMENT = '\uFFFD'
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT)

/** Decodes UTF-8 that comes piece by piece, without the byte order mark; bytes that are not UTF-8 become `NOT_UTF8`. */
export class Utf8Text {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #held: Uint8Array = new Uint8Array()
  #begun = false

  /** The text of the next piece; with `last` what was held back as well. */
  take(piece: Uint8Array, last: boolean): string {
    const bytes = this.#held.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#held, piece])
    const whole = last ? bytes.length : bytes.length - replacementBegunAtEnd(bytes)
    this.#held = bytes.subarray(whole)
    let text = ''
    let from = 0
    // The decoder would write U+FFFD for wrong bytes too, so what it reads ends before each U+FFFD that is really there.
    for (let at = bytes.indexOf(REPLACEMENT_BYTES); at >= 0; at = bytes.indexOf(REPLACEMENT_BYTES, from)) {
      text += this.#decoded(bytes.subarray(from, at), true) + REPLACEMENT
      from = at + REPLACEMENT_BYTES.length
    }
    return this.#withoutMark(text + this.#decoded(bytes.subarray(from, whole), last))
  }

  #decoded(bytes: Uint8Array, ends: boolean): string {
    return this.#decoder.decode(bytes, { stream: !ends }).replaceAll(REPLACEMENT, NOT_UTF8)
  }

  #withoutMark(text: string): string {
    if (this.#begun || text === '') return text
    this.#begun = true
    return text.startsWith('\uFEFF') ? text.slice(1) : text
  }
}

/** How many bytes at the end may be the beginning of a U+FFFD. */
function replacementBegunAtEnd(bytes: Uint8Array): number {
  const [first, second] = REPLACEMENT_BYTES
  if (bytes.at(-1) === first) return 1
  return bytes.at(-2) === first && bytes.at(-1) === second ? 2 : 0
}
