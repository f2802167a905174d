import type { TextColumn } from './quote.ts'
import { compareText } from './text.ts'

const FIRST_CAPACITY = 1024

/** Integers that come one by one; NaN is absent. Grows by doubling, so that a million rows cost one million times eight bytes. */
export class NumberBuffer {
  #values = new Float64Array(FIRST_CAPACITY)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const wider = new Float64Array(this.#length * 2)
      wider.set(this.#values)
      this.#values = wider
    }
    this.#values[this.#length] = value
    this.#length += 1
  }

  at(row: number): number {
    return this.#values[row] as number
  }

  toFloats(): Float64Array {
    const floats = sharedFloats(this.#length)
    floats.set(this.#values.subarray(0, this.#length))
    return floats
  }

  /** The same as codes of a dictionary; every value must be one. */
  toCodes(): Int32Array {
    const codes = sharedCodes(this.#length)
    codes.set(this.#values.subarray(0, this.#length))
    return codes
  }

  /** The chosen rows, in that order. */
  pick(rows: Int32Array): Float64Array {
    const picked = sharedFloats(rows.length)
    for (let at = 0; at < rows.length; at += 1) picked[at] = this.#values[rows[at] as number] as number
    return picked
  }
}

/** Arrays of a snapshot lie in shared memory, so that worker threads read them without a copy. */
export const sharedFloats = (length: number): Float64Array =>
  new Float64Array(new SharedArrayBuffer(length * 8))
export const sharedCodes = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4))
export const sharedSmallCodes = (length: number): Int8Array => new Int8Array(new SharedArrayBuffer(length))
export const sharedBytes = (length: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(length))

/** Distinct texts, numbered as they come. */
export class TextDictionary {
  readonly #codes = new Map<string, number>()
  readonly texts: string[] = []

  codeOf(text: string): number {
    const known = this.#codes.get(text)
    if (known !== undefined) return known
    const code = this.texts.length
    this.#codes.set(text, code)
    this.texts.push(text)
    return code
  }
}

/** A column from codes into unsorted texts (-1 absent): the dictionary sorted, without entries no row uses. */
export function sortedTextColumn(codes: Int32Array, texts: readonly string[]): TextColumn {
  const used = new Uint8Array(texts.length)
  for (const code of codes) if (code >= 0) used[code] = 1
  const kept = Int32Array.from(texts.keys()).filter(code => used[code] === 1)
  kept.sort((left, right) => compareText(texts[left] as string, texts[right] as string))
  const ranks = new Int32Array(texts.length)
  for (let rank = 0; rank < kept.length; rank += 1) ranks[kept[rank] as number] = rank
  const ranked = sharedCodes(codes.length)
  for (let row = 0; row < codes.length; row += 1) {
    const code = codes[row] as number
    ranked[row] = code < 0 ? -1 : (ranks[code] as number)
  }
  return { kind: 'text', codes: ranked, dictionary: Array.from(kept, code => texts[code] as string) }
}
