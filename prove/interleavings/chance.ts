/** Seeded chance for a proof: the same seed, the same errands and moments (what the processes make of them is theirs). */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = (seed % 2_147_483_646) + 1
    for (let turn = 0; turn < 8; turn += 1) this.share()
  }

  /** From 0 up to 1. */
  share(): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647
    return this.#state / 2_147_483_647
  }

  /** A whole number from 0 up to below. */
  below(bound: number): number {
    return Math.floor(this.share() * bound)
  }

  oneOf<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}
