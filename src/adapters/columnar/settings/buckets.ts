/**
 * Integers told apart as far as some constants can: below, equal to and between them. A comparison with one of the constants
 * has one truth on a bucket.
 */
export class Buckets {
  readonly #constants: readonly number[]

  constructor(constants: readonly number[]) {
    this.#constants = [...new Set(constants)].sort((left, right) => left - right)
  }

  /** Equal for buckets that tell the same apart. */
  get key(): string {
    return this.#constants.join()
  }

  get count(): number {
    return 2 * this.#constants.length + 1
  }

  /** 0 below all constants, 2 k + 1 at constant k, 2 k + 2 above it. */
  of(value: number): number {
    let low = 0
    let high = this.#constants.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#constants[middle] as number) < value) low = middle + 1
      else high = middle
    }
    return 2 * low + (this.#constants[low] === value ? 1 : 0)
  }

  /** An integer of a bucket; of an empty one, which no value falls into, the constant below it. */
  valueIn(bucket: number): number {
    const below = this.#constants[(bucket >> 1) - 1]
    if ((bucket & 1) === 1) return this.#constants[bucket >> 1] as number
    if (below === undefined) return (this.#constants[0] ?? 1) - 1
    const above = this.#constants[bucket >> 1] ?? Number.POSITIVE_INFINITY
    return below + 1 < above ? below + 1 : below
  }

  /** Bucket by value for the values of [from, to], at value - from. */
  table(from: number, to: number): Uint16Array {
    const table = new Uint16Array(to - from + 1)
    for (let value = from; value <= to; value += 1) table[value - from] = this.of(value)
    return table
  }
}
