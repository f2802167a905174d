import type { Digest } from '../domain/units.ts'
import type { LogHead } from './audit-entry.ts'
import { type AuditFinding, type Blocks, finding } from './audit-finding.ts'
import { digestOfHash, sha256 } from './canonical.ts'
import { HASH_LENGTH, nodeOver } from './merkle-verify.ts'

/** The tree over the log's entries, derived from their stored texts alone. */
export interface DerivedTree {
  /** Number of leaves. */
  readonly size: number
  /** Root over the first entries; `size` at most. */
  rootAt(size: number): Digest
  /** Hash of a complete subtree; level 0 holds the leaves. */
  hashAt(level: number, position: number): Uint8Array
}

/** Leaves held side by side in one block: a megabyte. */
const HASHES_IN_BLOCK = 32_768

/** Hashes side by side, 32 bytes each and nothing else, so that millions of them fit in memory. */
class HashList {
  readonly #blocks: Uint8Array[] = []
  length = 0

  push(hash: Uint8Array): void {
    const within = this.length % HASHES_IN_BLOCK
    if (within === 0) this.#blocks.push(new Uint8Array(HASHES_IN_BLOCK * HASH_LENGTH))
    this.#blocks.at(-1)?.set(hash, within * HASH_LENGTH)
    this.length += 1
  }

  at(position: number): Uint8Array {
    const block = this.#blocks[Math.floor(position / HASHES_IN_BLOCK)] as Uint8Array
    const start = (position % HASHES_IN_BLOCK) * HASH_LENGTH
    return block.subarray(start, start + HASH_LENGTH)
  }
}

/** A tree that grows leaf by leaf; 64 bytes an entry. */
export class GrowingTree implements DerivedTree {
  readonly #levels: HashList[] = [new HashList()]

  get size(): number {
    return this.#levels[0]?.length ?? 0
  }

  add(leaf: Uint8Array): void {
    let hash = leaf
    for (let level = 0; ; level += 1) {
      if (this.#levels[level] === undefined) this.#levels.push(new HashList())
      const list = this.#levels[level] as HashList
      list.push(hash)
      if (list.length % 2 === 1) return
      hash = nodeOver(list.at(list.length - 2), list.at(list.length - 1))
    }
  }

  hashAt(level: number, position: number): Uint8Array {
    return (this.#levels[level] as HashList).at(position)
  }

  rootAt(size: number): Digest {
    return digestOfHash(size === 0 ? sha256(new Uint8Array(0)) : this.#hashOver(0, size))
  }

  #hashOver(start: number, length: number): Uint8Array {
    let [level, width] = [0, 1]
    while (width < length) [level, width] = [level + 1, width * 2]
    if (width === length) return this.hashAt(level, start / width)
    return nodeOver(this.#hashOver(start, width / 2), this.#hashOver(start + width / 2, length - width / 2))
  }
}

/** Compares the subtrees kept beside the log with those that its entries make, in the order in which they were completed. */
export async function nodeFindings(stored: Blocks, tree: DerivedTree): Promise<readonly AuditFinding[]> {
  const expected = nodesOf(tree)
  const beyond: AuditFinding[] = []
  for await (const block of stored) {
    for (const row of block) {
      const node = expected.next().value
      const id = String(row.id)
      if (node === undefined) {
        beyond.push(finding('tree_altered', `audit_node ${id}`, 'no such subtree', row.hash))
        continue
      }
      // One row out of place puts all after it out of place, and the first says it.
      if (id !== node.id) return [finding('tree_altered', `audit_node ${node.id}`, node.id, id)]
      if (row.hash !== node.hash) return [finding('tree_altered', `audit_node ${id}`, node.hash, row.hash)]
    }
  }
  const lacking = expected.next().value
  return lacking === undefined
    ? beyond
    : [finding('tree_altered', `audit_node ${lacking.id}`, lacking.id, null)]
}

function* nodesOf(tree: DerivedTree): Generator<{ readonly id: string; readonly hash: Digest }, undefined> {
  for (let index = 0; index < tree.size; index += 1) {
    let level = 1
    for (let width = 2; (index + 1) % width === 0; width *= 2) {
      const position = (index + 1) / width - 1
      yield { id: `${level}/${position}`, hash: digestOfHash(tree.hashAt(level, position)) }
      level += 1
    }
  }
}

/** The log as a signer saw it must be the beginning of the log as it is. */
export function headFindings(
  tree: DerivedTree,
  where: string,
  head: LogHead,
  entriesBefore = tree.size,
): readonly AuditFinding[] {
  if (head.size > entriesBefore) {
    return [finding('log_set_back', where, `${head.size} entries before it`, `${entriesBefore} entries`)]
  }
  const found = tree.rootAt(head.size)
  return found === head.root_hash ? [] : [finding('log_rewritten', where, head.root_hash, found)]
}
