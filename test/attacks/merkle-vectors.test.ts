import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isConsistent, isIncluded } from '../../src/evidence/merkle-verify.ts'

/** Proofs of another project's tests lie beside the work tree and not in it. */
const VECTORS = join(
  dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))),
  'shared/data/merkle-vectors.json',
)

interface Vectors {
  readonly inclusion: Readonly<
    Record<
      string,
      {
        readonly leafIdx: number
        readonly treeSize: number
        readonly root: string
        readonly leafHash: string
        readonly proof: readonly string[] | null
        readonly wantErr: boolean
      }
    >
  >
  readonly consistency: Readonly<
    Record<
      string,
      {
        readonly size1: number
        readonly size2: number
        readonly root1: string
        readonly root2: string
        readonly proof: readonly string[] | null
        readonly wantErr: boolean
      }
    >
  >
}

const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64')
const proofOf = (proof: readonly string[] | null): readonly Buffer[] => (proof ?? []).map(bytes)

test('V1 every published proof is judged right: 184 of 196 must be refused', context => {
  if (!existsSync(VECTORS)) {
    context.diagnostic(`0 of 196 proofs judged: ${VECTORS} is absent`)
    return
  }
  const vectors = JSON.parse(readFileSync(VECTORS, 'utf8')) as Vectors
  const judged: { name: string; accepted: boolean; refuse: boolean }[] = []
  for (const [name, entry] of Object.entries(vectors.inclusion)) {
    const claim = {
      index: entry.leafIdx,
      size: entry.treeSize,
      leaf: bytes(entry.leafHash),
      root: bytes(entry.root),
    }
    const accepted = isIncluded(claim, proofOf(entry.proof))
    judged.push({ name: `inclusion ${name}`, accepted, refuse: entry.wantErr })
  }
  for (const [name, entry] of Object.entries(vectors.consistency)) {
    const claim = {
      oldSize: entry.size1,
      oldRoot: bytes(entry.root1),
      size: entry.size2,
      root: bytes(entry.root2),
    }
    const accepted = isConsistent(claim, proofOf(entry.proof))
    judged.push({ name: `consistency ${name}`, accepted, refuse: entry.wantErr })
  }
  assert.deepEqual(
    judged.filter(({ accepted, refuse }) => accepted === refuse),
    [],
  )
  const refused = judged.filter(({ accepted }) => !accepted).length
  context.diagnostic(`${judged.length} proofs judged, ${refused} refused`)
  assert.deepEqual([judged.length, refused], [196, 184])
})
