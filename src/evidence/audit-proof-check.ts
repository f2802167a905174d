import type { Digest } from '../domain/units.ts'
import { type AuditedStore, type AuditFinding, finding } from './audit-finding.ts'
import { type DerivedTree, GrowingTree } from './audit-tree-check.ts'
import { digestOfHash, hashOfDigest } from './canonical.ts'
import { isConsistent, isIncluded, leafOf } from './merkle-verify.ts'

/** Proofs of an export, schema `clo_audit_proofs.v1`. */
export type AuditProofs = {
  readonly schema: 'clo_audit_proofs.v1'
  readonly inclusion: readonly InclusionProof[]
  readonly consistency: readonly ConsistencyProof[]
}

/** That an entry stands in the log of `size` entries (RFC 6962 section 2.1.1). */
export type InclusionProof = {
  readonly entry_id: string
  readonly event_type: string
  readonly index: number
  readonly leaf_hash: Digest
  readonly size: number
  readonly root_hash: Digest
  readonly hashes: readonly Digest[]
}

/** That a longer log begins with a shorter one (RFC 6962 section 2.1.2). */
export type ConsistencyProof = {
  readonly old_size: number
  readonly old_root_hash: Digest
  readonly size: number
  readonly root_hash: Digest
  readonly hashes: readonly Digest[]
}

/** Events that decide what is active, each of which an export proves. */
export const PROVEN_EVENTS: readonly string[] = [
  'approved',
  'rejected',
  'changes_requested',
  'applied',
  'rolled_back',
]

/** The exported log as far as proofs speak of it. */
export interface ProvenLog {
  readonly tree: DerivedTree
  /** Events that need a proof. */
  readonly deciding: readonly { readonly id: string; readonly event_type: string }[]
  /** Ids of entries that proofs name, by index. */
  readonly idAt: ReadonlyMap<number, string>
}

export async function readProvenLog(store: AuditedStore, { inclusion }: AuditProofs): Promise<ProvenLog> {
  const tree = new GrowingTree()
  const deciding: ProvenLog['deciding'][number][] = []
  const idAt = new Map<number, string>()
  const named = new Set(inclusion.map(({ index }) => index))
  for await (const block of store.blocks('policy_lifecycle_audit')) {
    for (const row of block) {
      const [id, event_type] = [String(row.id), String(row.event_type)]
      if (named.has(tree.size)) idAt.set(tree.size, id)
      if (PROVEN_EVENTS.includes(event_type)) deciding.push({ id, event_type })
      tree.add(leafOf(String(row.entry_json)))
    }
  }
  return { tree, deciding, idAt }
}

/** Checks each proof by itself and against the tree that the exported entries make, and that no deciding event lacks one. */
export function proofFindings(proofs: AuditProofs, log: ProvenLog): readonly AuditFinding[] {
  const proven = new Set(proofs.inclusion.map(proof => proof.entry_id))
  const unproven = log.deciding.filter(({ id }) => !proven.has(id))
  return [
    ...unproven.map(({ id, event_type }) =>
      finding('proof_invalid', `inclusion of ${id}`, 'a proof', `none of ${event_type}`),
    ),
    ...proofs.inclusion.flatMap(proof => inclusionFindings(proof, log)),
    ...proofs.consistency.flatMap(proof => consistencyFindings(proof, log.tree)),
  ]
}

function inclusionFindings(proof: InclusionProof, { tree, idAt }: ProvenLog): readonly AuditFinding[] {
  const { entry_id: id, index, size, leaf_hash: leafHash, root_hash: rootHash } = proof
  const wrong = (expected: string, found: unknown): readonly AuditFinding[] => [
    finding('proof_invalid', `inclusion of ${id}`, expected, found),
  ]
  const bytes = hashesOf([leafHash, rootHash, ...proof.hashes])
  if (bytes === null) return wrong('hashes', 'something else')
  const [leaf, root, ...path] = bytes as [Buffer, Buffer, ...Buffer[]]
  if (!isIncluded({ index, size, leaf, root }, path)) return wrong(rootHash, 'another root')
  if (size > tree.size || rootHash !== tree.rootAt(size)) return wrong('the root of this log', rootHash)
  const derived = digestOfHash(tree.hashAt(0, index))
  if (derived !== leafHash) return wrong(leafHash, derived)
  return idAt.get(index) === id ? [] : wrong(id, idAt.get(index))
}

function consistencyFindings(proof: ConsistencyProof, tree: DerivedTree): readonly AuditFinding[] {
  const { old_size: oldSize, old_root_hash: oldRootHash, size, root_hash: rootHash } = proof
  const wrong = (expected: string, found: unknown): readonly AuditFinding[] => [
    finding('proof_invalid', `consistency of ${oldSize} with ${size} entries`, expected, found),
  ]
  const bytes = hashesOf([oldRootHash, rootHash, ...proof.hashes])
  if (bytes === null) return wrong('hashes', 'something else')
  const [oldRoot, root, ...path] = bytes as [Buffer, Buffer, ...Buffer[]]
  if (!isConsistent({ oldSize, oldRoot, size, root }, path)) return wrong(rootHash, 'another root')
  if (size > tree.size || rootHash !== tree.rootAt(size)) return wrong('the root of this log', rootHash)
  return oldRootHash === tree.rootAt(oldSize) ? [] : wrong('the older root of this log', oldRootHash)
}

function hashesOf(digests: readonly string[]): readonly Buffer[] | null {
  const hashes = digests.map(digest => hashOfDigest(String(digest)))
  return hashes.includes(null) ? null : (hashes as readonly Buffer[])
}
