import type { Digest } from '../domain/units.ts'
import { digestOfHash, hashOfDigest, sha256 } from './canonical.ts'

/*
 * How the log's Merkle tree grows and proves itself (RFC 6962 section 2.1). Only complete subtrees are kept, each under its level
 * (a leaf is level 0) and its position in that level; they never change once written, and every root and proof follows from them.
 */

/** A complete subtree: the leaves from position * 2^level on, 2^level of them. */
export interface NodeAt {
  readonly level: number
  readonly position: number
}

/** The leaves from `start` up to, and without, `end`. */
export interface LeafRange {
  readonly start: number
  readonly end: number
}

const LEAF = Buffer.from([0x00])
const NODE = Buffer.from([0x01])

/** SHA-256(0x00 || UTF-8 of the entry's text). */
export const leafHash = (text: string): Digest =>
  digestOfHash(sha256(Buffer.concat([LEAF, Buffer.from(text, 'utf8')])))

/** SHA-256(0x01 || left || right). */
export const parentHash = (left: Digest, right: Digest): Digest =>
  digestOfHash(sha256(Buffer.concat([NODE, bytesOf(left), bytesOf(right)])))

/** Root of the tree without leaves. */
export const EMPTY_ROOT: Digest = digestOfHash(sha256(new Uint8Array(0)))

/**
 * The subtrees that leaf `index` completes, from the lowest up: each joins the one named `left` with what was completed before it.
 * A log of n entries has fewer than n of them, so an append costs one on average and never more than log2(n).
 */
export function completedBy(index: number): readonly { readonly left: NodeAt; readonly node: NodeAt }[] {
  const completed: { left: NodeAt; node: NodeAt }[] = []
  let position = index
  for (let level = 0; position % 2 === 1; level += 1) {
    const above = (position - 1) / 2
    completed.push({ left: { level, position: position - 1 }, node: { level: level + 1, position: above } })
    position = above
  }
  return completed
}

/** The fewest complete subtrees that cover a range of the tree's recursion, left to right. */
export function subtreesOf({ start, end }: LeafRange): readonly NodeAt[] {
  const subtrees: NodeAt[] = []
  let from = start
  while (from < end) {
    let level = 0
    while (2 ** (level + 1) <= end - from) level += 1
    subtrees.push({ level, position: from / 2 ** level })
    from += 2 ** level
  }
  return subtrees
}

/** The root over subtrees that lie side by side, largest first. */
export const joined = (subtrees: readonly Digest[]): Digest =>
  subtrees.length === 0 ? EMPTY_ROOT : subtrees.reduceRight((right, left) => parentHash(left, right))

/** What an inclusion proof of leaf `index` in the tree of `size` leaves consists of, in order: PATH of section 2.1.1. */
export function inclusionRanges(index: number, size: number): readonly LeafRange[] {
  const ranges: LeafRange[] = []
  let start = 0
  let end = size
  while (end - start > 1) {
    const middle = start + splitOf(end - start)
    if (index < middle) {
      ranges.unshift({ start: middle, end })
      end = middle
    } else {
      ranges.unshift({ start, end: middle })
      start = middle
    }
  }
  return ranges
}

/**
 * What a proof consists of that the tree of `size` leaves continues that of `oldSize`, 0 < oldSize <= size: PROOF of
 * section 2.1.2.
 */
export function consistencyRanges(oldSize: number, size: number): readonly LeafRange[] {
  const ranges: LeafRange[] = []
  let start = 0
  let end = size
  while (oldSize < end) {
    const middle = start + splitOf(end - start)
    if (oldSize <= middle) {
      ranges.unshift({ start: middle, end })
      end = middle
    } else {
      ranges.unshift({ start, end: middle })
      start = middle
    }
  }
  // The old tree itself is known to the verifier where it is one complete subtree from the first leaf on.
  return start === 0 ? ranges : [{ start, end }, ...ranges]
}

/** The largest power of two below n, n > 1. */
function splitOf(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

function bytesOf(digest: Digest): Buffer {
  const bytes = hashOfDigest(digest)
  if (bytes === null) throw new TypeError(`${digest} is no hash of the tree`)
  return bytes
}
