import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Digest } from '../../src/domain/units.ts'
import { GrowingTree } from '../../src/evidence/audit-tree-check.ts'
import { digestOfHash, hashOfDigest } from '../../src/evidence/canonical.ts'
import {
  completedBy,
  consistencyRanges,
  inclusionRanges,
  joined,
  type LeafRange,
  leafHash,
  type NodeAt,
  parentHash,
  subtreesOf,
} from '../../src/evidence/log-tree.ts'
import { isConsistent, isIncluded, leafOf } from '../../src/evidence/merkle-verify.ts'

const SEED = 20261122
const SIZE_MAX = 130

/** The tree by its definition (RFC 6962 section 2.1), as slow as it reads. */
function naiveRoot(leaves: readonly Buffer[]): Buffer {
  const sha = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
  if (leaves.length === 0) return sha()
  if (leaves.length === 1) return leaves[0] as Buffer
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return sha(Buffer.from([1]), naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)))
}

const texts = Array.from({ length: SIZE_MAX }, (_, at) => `entry ${at} é`)
const leaves = texts.map(text =>
  createHash('sha256')
    .update(Buffer.concat([Buffer.from([0]), Buffer.from(text, 'utf8')]))
    .digest(),
)
const naive = Array.from({ length: SIZE_MAX + 1 }, (_, size) => naiveRoot(leaves.slice(0, size)))

/** Grows the tree leaf by leaf, keeping only complete subtrees, as the store does. */
const nodes = new Map<string, Digest>()
const idOf = ({ level, position }: NodeAt): string => `${level}/${position}`
for (const [index, text] of texts.entries()) {
  let hash = leafHash(text)
  nodes.set(`0/${index}`, hash)
  for (const { left, node } of completedBy(index)) {
    hash = parentHash(nodes.get(idOf(left)) as Digest, hash)
    nodes.set(idOf(node), hash)
  }
}
const rootOf = (range: LeafRange): Digest =>
  joined(subtreesOf(range).map(node => nodes.get(idOf(node)) as Digest))
const bytes = (digest: Digest): Buffer => hashOfDigest(digest) as Buffer
const proof = (ranges: readonly LeafRange[]): readonly Buffer[] => ranges.map(range => bytes(rootOf(range)))

test('V1 writer and checker agree with the definition of the tree on every root up to 130 entries', () => {
  const derived = new GrowingTree()
  for (const text of texts) derived.add(leafOf(text))
  for (let size = 0; size <= SIZE_MAX; size += 1) {
    const expected = digestOfHash(naive[size] as Buffer)
    assert.equal(rootOf({ start: 0, end: size }), expected, `written, ${size} leaves`)
    assert.equal(derived.rootAt(size), expected, `derived, ${size} leaves`)
  }
  // 130 = 128 + 2: every complete subtree above the leaves was written once.
  assert.equal(nodes.size - SIZE_MAX, 127 + 1)
})

test('V1 writer and checker agree where the checker holds its hashes in several blocks', () => {
  const derived = new GrowingTree()
  const kept = new Map<string, Digest>()
  const sizes = [32_767, 32_768, 32_769, 65_537, 70_000]
  for (let index = 0; index < 70_000; index += 1) {
    const text = String(index)
    derived.add(leafOf(text))
    let hash = leafHash(text)
    kept.set(`0/${index}`, hash)
    for (const { left, node } of completedBy(index)) {
      hash = parentHash(kept.get(idOf(left)) as Digest, hash)
      kept.set(idOf(node), hash)
    }
  }
  for (const end of sizes) {
    const written = joined(subtreesOf({ start: 0, end }).map(node => kept.get(idOf(node)) as Digest))
    assert.equal(derived.rootAt(end), written, `${end} leaves`)
  }
  for (const [name, hash] of kept) {
    const [level, position] = name.split('/').map(Number) as [number, number]
    assert.equal(digestOfHash(derived.hashAt(level, position)), hash, name)
  }
})

test('V1 every inclusion proof holds, and for no other leaf, place or size', () => {
  let judged = 0
  for (let size = 1; size <= SIZE_MAX; size += 1) {
    for (let index = 0; index < size; index += 1) {
      const path = proof(inclusionRanges(index, size))
      const claim = { index, size, leaf: leaves[index] as Buffer, root: naive[size] as Buffer }
      assert.ok(isIncluded(claim, path), `${index} of ${size}`)
      const other = (index + 1) % SIZE_MAX
      assert.ok(!isIncluded({ ...claim, leaf: leaves[other] as Buffer }, path))
      assert.ok(!isIncluded({ ...claim, index: index + 1 }, path))
      assert.ok(!isIncluded({ ...claim, root: naive[size - 1] as Buffer }, path))
      assert.ok(!isIncluded(claim, [...path, leaves[0] as Buffer]))
      if (path.length > 0) assert.ok(!isIncluded(claim, path.slice(1)))
      judged += 1
    }
  }
  assert.equal(judged, (SIZE_MAX * (SIZE_MAX + 1)) / 2)
})

test('V1 every consistency proof holds, and for no other pair of logs', () => {
  for (let size = 1; size <= SIZE_MAX; size += 1) {
    for (let oldSize = 1; oldSize <= size; oldSize += 1) {
      const path = proof(consistencyRanges(oldSize, size))
      const claim = { oldSize, oldRoot: naive[oldSize] as Buffer, size, root: naive[size] as Buffer }
      assert.ok(isConsistent(claim, path), `${oldSize} to ${size}`)
      assert.ok(!isConsistent({ ...claim, oldRoot: naive[oldSize - 1] as Buffer }, path))
      assert.ok(!isConsistent({ ...claim, root: naive[size - 1] as Buffer }, path))
      assert.ok(!isConsistent(claim, [...path, leaves[0] as Buffer]))
      if (path.length > 0) assert.ok(!isConsistent(claim, path.slice(0, -1)))
    }
  }
})

test(`V1 a proof with any bit turned is refused (seed ${SEED})`, () => {
  const cases = fc
    .tuple(fc.integer({ min: 2, max: SIZE_MAX }), fc.nat(), fc.nat(), fc.nat())
    .map(([size, a, b, bit]) => ({ size, at: a % size, hash: b, bit: bit % 256 }))
  fc.assert(
    fc.property(cases, ({ size, at, hash, bit }) => {
      const root = naive[size] as Buffer
      const inclusion = turned(proof(inclusionRanges(at, size)), hash, bit)
      assert.ok(!isIncluded({ index: at, size, leaf: leaves[at] as Buffer, root }, inclusion))
      if (at === 0) return
      const consistency = turned(proof(consistencyRanges(at, size)), hash, bit)
      assert.ok(!isConsistent({ oldSize: at, oldRoot: naive[at] as Buffer, size, root }, consistency))
    }),
    { seed: SEED, numRuns: 500 },
  )
})

function turned(path: readonly Buffer[], hash: number, bit: number): readonly Buffer[] {
  return path.map((sibling, position) => {
    if (position !== hash % path.length) return sibling
    const copy = Buffer.from(sibling)
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
    return copy
  })
}

test('sizes beyond 2^32 keep their proofs short', () => {
  const size = 2 ** 40 + 3
  assert.ok(inclusionRanges(2 ** 40 + 1, size).length <= 41)
  assert.ok(consistencyRanges(2 ** 33 + 5, size).length <= 42)
  assert.deepEqual(subtreesOf({ start: 0, end: 2 ** 49 - 1 }).length, 49)
  assert.deepEqual(completedBy(2 ** 45 - 1).length, 45)
})
