import { refuse } from '../domain/refusal.ts'
import type { Digest } from '../domain/units.ts'
import {
  completedBy,
  consistencyRanges,
  inclusionRanges,
  joined,
  type LeafRange,
  type NodeAt,
  parentHash,
  subtreesOf,
} from '../evidence/log-tree.ts'
import { BrokenState, type Reading, type Writing } from './ports.ts'

/** Writes the subtrees that a new leaf completes, in the transaction that writes its entry. */
export async function growTree(tx: Writing, index: number, leaf: Digest): Promise<void> {
  let hash = leaf
  for (const { left, node } of completedBy(index)) {
    hash = parentHash(await hashAt(tx, left), hash)
    await tx.insert('audit_node', { id: nodeId(node), hash })
  }
}

/** Root over some leaves that lie under one node of the tree's recursion, such as all of them. */
export async function rootOf(tx: Reading, range: LeafRange): Promise<Digest> {
  const hashes: Digest[] = []
  for (const subtree of subtreesOf(range)) hashes.push(await hashAt(tx, subtree))
  return joined(hashes)
}

/** Proof that entry `index` stands in the log of `size` entries. */
export const inclusionProof = (tx: Reading, index: number, size: number): Promise<readonly Digest[]> =>
  rootsOf(tx, inclusionRanges(index, size))

/** Proof that the log of `size` entries begins with the log of `oldSize`, 0 < oldSize <= size. */
export const consistencyProof = (tx: Reading, oldSize: number, size: number): Promise<readonly Digest[]> =>
  rootsOf(tx, consistencyRanges(oldSize, size))

async function rootsOf(tx: Reading, ranges: readonly LeafRange[]): Promise<readonly Digest[]> {
  const roots: Digest[] = []
  for (const range of ranges) roots.push(await rootOf(tx, range))
  return roots
}

async function hashAt(tx: Reading, node: NodeAt): Promise<Digest> {
  const hash =
    node.level === 0
      ? (await tx.last('policy_lifecycle_audit', { entry_index: node.position }))?.entry_hash
      : (await tx.last('audit_node', { id: nodeId(node) }))?.hash
  if (hash === undefined) throw broken(nodeId(node))
  return hash
}

const nodeId = ({ level, position }: NodeAt): string => `${level}/${position}`

const broken = (id: string): BrokenState =>
  new BrokenState(
    refuse(
      'audit_broken',
      `the tree of the audit log lacks its node \`${id}\``,
      'run `quotey audit verify`, and restore a backup',
      { node: id },
    ).refusal,
  )
