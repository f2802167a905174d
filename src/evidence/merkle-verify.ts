import { sha256 } from './canonical.ts'

/*
 * Verification of Merkle proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2), and the tree by its definition (RFC 6962 section 2.1).
 * Written apart from the code that grows the tree, on purpose: they share SHA-256 alone.
 */

/** Bytes of a hash. */
export const HASH_LENGTH = 32

export const leafOf = (text: string): Buffer => sha256(Buffer.from(`\u0000${text}`, 'utf8'))

export function nodeOver(left: Uint8Array, right: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(1 + 2 * HASH_LENGTH)
  bytes[0] = 1
  bytes.set(left, 1)
  bytes.set(right, 1 + HASH_LENGTH)
  return sha256(bytes)
}

/** A leaf and where it is said to stand in a tree of `size` leaves with this root. */
export interface ClaimedInclusion {
  readonly index: number
  readonly size: number
  readonly leaf: Uint8Array
  readonly root: Uint8Array
}

/** Whether the proof shows the leaf in its place. Anything malformed is no proof. */
export function isIncluded(claim: ClaimedInclusion, proof: readonly Uint8Array[]): boolean {
  const { index, size, leaf, root } = claim
  if (!isCount(index) || !isCount(size) || index >= size) return false
  if (![leaf, root, ...proof].every(isHash)) return false
  let fn = index
  let sn = size - 1
  let hash = leaf
  for (const sibling of proof) {
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      hash = nodeOver(sibling, hash)
      while (!isOdd(fn) && fn !== 0) {
        fn /= 2
        sn = half(sn)
      }
    } else {
      hash = nodeOver(hash, sibling)
    }
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && equal(hash, root)
}

/** A tree and the later one that is said to begin with it. */
export interface ClaimedConsistency {
  readonly oldSize: number
  readonly oldRoot: Uint8Array
  readonly size: number
  readonly root: Uint8Array
}

/** Whether the proof shows that the later tree continues the earlier one. Nothing is shown of an empty tree. */
export function isConsistent(claim: ClaimedConsistency, proof: readonly Uint8Array[]): boolean {
  const { oldSize, oldRoot, size, root } = claim
  if (!isCount(oldSize) || !isCount(size) || oldSize === 0 || oldSize > size) return false
  if (oldSize === size) return proof.length === 0 && equal(oldRoot, root)
  if (![oldRoot, root, ...proof].every(isHash)) return false
  const [first, ...rest] = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof
  // A tree cannot grow without a hash to show for it.
  if (first === undefined || proof.length === 0) return false
  let fn = oldSize - 1
  let sn = size - 1
  while (isOdd(fn)) {
    fn = half(fn)
    sn = half(sn)
  }
  let old = first
  let later = first
  for (const sibling of rest) {
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      old = nodeOver(sibling, old)
      later = nodeOver(sibling, later)
      while (!isOdd(fn) && fn !== 0) {
        fn /= 2
        sn = half(sn)
      }
    } else {
      later = nodeOver(later, sibling)
    }
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && equal(old, oldRoot) && equal(later, root)
}

// Sizes pass 2^32, so halves are taken by division and not by shifting.
const half = (n: number): number => Math.floor(n / 2)
const isOdd = (n: number): boolean => n % 2 === 1
const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0
const isHash = (bytes: Uint8Array): boolean => bytes.length === HASH_LENGTH
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

function isPowerOfTwo(n: number): boolean {
  let power = 1
  while (power < n) power *= 2
  return power === n
}
