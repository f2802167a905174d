import type { Digest, JsonObject } from '../domain/units.ts'
import type { LogHead } from './audit-entry.ts'
import { type AuditFinding, finding } from './audit-finding.ts'
import { digestOfHash, sha256 } from './canonical.ts'
import { HASH_LENGTH, nodeOver } from './merkle-verify.ts'

/** The tree over the log's entries, derived from their stored texts alone. */
export interface DerivedTree {
  /** Number of leaves. */
  readonly size: number
  /** Root over the first entries; `size` at most. */
  rootAt(size: number): Digest
  /** Hashes of complete subtrees, by level, side by side in one block each; level 0 holds the leaves. */
  readonly levels: readonly Uint8Array[]
}

/** Builds the tree over leaf hashes, given side by side in one block. */
export function treeOver(leaves: Uint8Array): DerivedTree {
  const levels = [leaves]
  for (let below = leaves; below.length >= 2 * HASH_LENGTH; ) {
    const count = Math.floor(below.length / HASH_LENGTH / 2)
    const level = new Uint8Array(count * HASH_LENGTH)
    for (let at = 0; at < count; at += 1) {
      level.set(nodeOver(hashAt(below, 2 * at), hashAt(below, 2 * at + 1)), at * HASH_LENGTH)
    }
    levels.push(level)
    below = level
  }
  const size = leaves.length / HASH_LENGTH
  const hashOver = (start: number, length: number): Uint8Array => {
    let [level, width] = [0, 1]
    while (width < length) [level, width] = [level + 1, width * 2]
    if (width === length) return hashAt(levels[level] as Uint8Array, start / width)
    return nodeOver(hashOver(start, width / 2), hashOver(start + width / 2, length - width / 2))
  }
  return {
    size,
    levels,
    rootAt: leafCount => digestOfHash(leafCount === 0 ? sha256(new Uint8Array(0)) : hashOver(0, leafCount)),
  }
}

export const hashAt = (level: Uint8Array, position: number): Uint8Array =>
  level.subarray(position * HASH_LENGTH, (position + 1) * HASH_LENGTH)

/** Compares the subtrees kept beside the log with those that its entries make, in the order in which they were completed. */
export function nodeFindings(stored: readonly JsonObject[], tree: DerivedTree): readonly AuditFinding[] {
  const findings: AuditFinding[] = []
  const unread = stored.values()
  const compare = (id: string, hash: Digest): void => {
    const row = unread.next().value
    if (row?.id !== id) findings.push(finding('tree_altered', `audit_node ${id}`, id, row?.id ?? null))
    else if (row.hash !== hash) findings.push(finding('tree_altered', `audit_node ${id}`, hash, row.hash))
  }
  for (let index = 0; index < tree.size; index += 1) {
    let level = 1
    for (let width = 2; (index + 1) % width === 0; width *= 2) {
      const position = (index + 1) / width - 1
      compare(`${level}/${position}`, digestOfHash(hashAt(tree.levels[level] as Uint8Array, position)))
      level += 1
    }
    // One row out of place puts all after it out of place, and the first says it.
    if (findings.length > 0) return findings
  }
  for (const row of unread) {
    findings.push(finding('tree_altered', `audit_node ${String(row.id)}`, 'no such subtree', row.hash))
  }
  return findings
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
