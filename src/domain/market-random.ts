/**
 * Streams of pseudo-random numbers for the simulated market: sfc32 (Chris Doty-Humphrey, PractRand 0.94, public domain), keyed by
 * (seed, purpose, index) so that every quote can be re-derived alone. For simulation only, never for keys or identifiers.
 */
export class RandomStream {
  private a: number
  private b: number
  private c: number
  private counter = 1

  constructor(seed: number, purpose: number, index: number) {
    this.a = mixed(seed ^ 0x9e3779b9)
    this.b = mixed(this.a ^ purpose)
    this.c = mixed(this.b ^ index)
    // PractRand discards twelve outputs so that close keys lose their likeness.
    for (let round = 0; round < 12; round += 1) this.next()
  }

  /** Uniform over 0 .. 2^32 - 1. */
  private next(): number {
    const sum = (this.a + this.b + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** Uniform in the open interval (0, 1). */
  uniform(): number {
    return (this.next() + 0.5) / 4_294_967_296
  }

  /** Standard normal, by Box and Muller (1958); spends two uniforms. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(this.uniform()))
    return radius * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Position in `weights` drawn in proportion to them. */
  choose(weights: readonly number[]): number {
    let left = this.uniform() * weights.reduce((sum, weight) => sum + weight, 0)
    for (let at = 0; at < weights.length - 1; at += 1) {
      left -= weights[at] as number
      if (left < 0) return at
    }
    return weights.length - 1
  }
}

/** The finaliser of MurmurHash3 (Austin Appleby, public domain): every input bit moves every output bit. */
export function mixed(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
