/** Numbers pairs of 32-bit integers in the order in which they are first met. */
export class PairIndex {
  readonly #first: Int32Array
  readonly #second: Int32Array
  readonly #number: Int32Array
  /** A slot is taken where its stamp is that of now, so that forgetting costs nothing. */
  readonly #stamps: Uint32Array
  readonly #mask: number
  #stamp = 1
  #count = 0

  /** Holds up to `pairsMax` pairs. */
  constructor(pairsMax: number) {
    const slots = 2 ** Math.ceil(Math.log2(2 * pairsMax))
    this.#first = new Int32Array(slots)
    this.#second = new Int32Array(slots)
    this.#number = new Int32Array(slots)
    this.#stamps = new Uint32Array(slots)
    this.#mask = slots - 1
  }

  get count(): number {
    return this.#count
  }

  forget(): void {
    this.#count = 0
    this.#stamp += 1
  }

  /** The pair's number; `count` before the call where it is new. */
  numberOf(first: number, second: number): number {
    const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b)
    let slot = (mixed ^ (mixed >>> 15)) & this.#mask
    while (this.#stamps[slot] === this.#stamp) {
      if (this.#first[slot] === first && this.#second[slot] === second) return this.#number[slot] as number
      slot = (slot + 1) & this.#mask
    }
    this.#stamps[slot] = this.#stamp
    this.#first[slot] = first
    this.#second[slot] = second
    this.#number[slot] = this.#count
    this.#count += 1
    return this.#count - 1
  }
}
