import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Digest, Instant } from '../domain/units.ts'
import { checkAudit, openedStore } from '../evidence/audit-check.ts'
import type { AuditFinding } from '../evidence/audit-finding.ts'
import { auditedStore } from './audit.ts'
import type { Ports, Reading } from './ports.ts'
import type { ActivationRow, CandidateRow } from './tables.ts'

/** One link from quotes to activation. */
export interface LineageLink {
  readonly step:
    | 'history_snapshot'
    | 'fitness_audit'
    | 'response_model'
    | 'base_policy'
    | 'proposed_policy'
    | 'candidate'
    | 'replay'
    | 'packet'
    | 'decision'
    | 'apply'
    | 'rollback'
    | 'activation'
  readonly id: string
  readonly digest: Digest | null
  readonly at: Instant | null
  readonly verified: boolean
  /** What was checked, or why it does not hold. */
  readonly proof: string
}

export interface Lineage {
  readonly ok: boolean
  readonly candidate_id: string
  readonly links: readonly LineageLink[]
}

interface Provenance {
  readonly snapshot_digest: Digest | null
  readonly model_digest: Digest | null
  readonly fitness_digest: Digest | null
}

/** Walks a candidate from its quotes to what it made active, and verifies each link. Refuses not_found. */
export async function lineageOf(ports: Ports, candidateId: string): Promise<Result<Lineage>> {
  const walked = await ports.store.read(async tx => {
    const candidate = await tx.last('policy_candidate', { id: candidateId })
    if (candidate === null) return null
    const { findings } = await checkAudit(await openedStore(auditedStore(tx)))
    const links = (await storedLinks(tx, candidate)).map(link => judged(link, findings))
    return { snapshotDigest: provenanceOf(candidate).snapshot_digest, links }
  })
  if (walked === null) {
    return refuse('not_found', `no candidate \`${candidateId}\``, 'see `quotey policy-opt list`')
  }
  const links = [...(await snapshotLink(ports, walked.snapshotDigest)), ...walked.links]
  return done({ ok: links.every(link => link.verified), candidate_id: candidateId, links })
}

/** Outside the store's transaction: reading a large snapshot takes seconds. */
async function snapshotLink(ports: Ports, digest: Digest | null): Promise<readonly LineageLink[]> {
  if (digest === null) return []
  const row = await ports.store.read(tx => tx.last('history_snapshot', { digest }))
  const loaded = await ports.snapshots.load(digest)
  const proof = loaded.ok ? `${loaded.value.rows} quotes, digest derived anew` : loaded.refusal.message
  const id = row?.snapshot_id ?? digest
  return [{ step: 'history_snapshot', id, digest, at: row?.imported_at ?? null, verified: loaded.ok, proof }]
}

/** A stored thing of the lineage, and the places in the store where the audit may have found fault with it. */
interface StoredLink extends Omit<LineageLink, 'verified'> {
  readonly places: readonly string[]
}

async function storedLinks(tx: Reading, candidate: CandidateRow): Promise<readonly StoredLink[]> {
  const of = { candidate_id: candidate.id }
  const { fitness_digest, model_digest } = provenanceOf(candidate)
  return [
    ...(await artifactLinks(tx, 'fitness_audit', fitness_digest)),
    ...(await artifactLinks(tx, 'response_model', model_digest)),
    ...(await policyLinks(tx, 'base_policy', candidate.base_policy_version)),
    ...(await policyLinks(tx, 'proposed_policy', candidate.proposed_policy_version)),
    stored('candidate', 'policy_candidate', candidate.id, null, candidate.created_at, ROW_PROOF),
    ...(await tx.find('policy_replay_evaluation', of)).map(row =>
      stored('replay', 'policy_replay_evaluation', row.id, row.replay_checksum, row.replayed_at, ROW_PROOF),
    ),
    ...(await tx.find('review_packet', of)).map(({ packet_id, built_at }) => ({
      ...stored('packet', 'review_packet', packet_id, packet_id, built_at, 'digest derived anew'),
      places: [`review_packet ${packet_id}`, `artifact ${packet_id}`],
    })),
    ...(await tx.find('policy_approval_decision', of)).map(row =>
      stored(
        'decision',
        'policy_approval_decision',
        row.id,
        null,
        row.decided_at,
        `${row.decision}; ${signatureProof(row)}`,
      ),
    ),
    ...(await activationStory(tx, of)),
  ]
}

const ROW_PROOF = 'row and log entry agree'
const signatureProof = (row: { readonly actor_id: string }): string =>
  `signature of ${row.actor_id} verified, row and log entry agree`

const stored = (
  step: LineageLink['step'],
  table: string,
  id: string | number,
  digest: Digest | null,
  at: Instant,
  proof: string,
): StoredLink => ({ step, id: String(id), digest, at, proof, places: [`${table} ${id}`] })

async function artifactLinks(
  tx: Reading,
  step: 'fitness_audit' | 'response_model',
  digest: Digest | null,
): Promise<readonly StoredLink[]> {
  if (digest === null) return []
  const row = await tx.last('artifact', { digest })
  if (row === null) {
    return [{ step, id: digest, digest, at: null, proof: '', places: [`artifact ${digest}`] }]
  }
  return [stored(step, 'artifact', digest, digest, row.created_at, 'digest derived anew')]
}

async function policyLinks(
  tx: Reading,
  step: 'base_policy' | 'proposed_policy',
  version: number,
): Promise<readonly StoredLink[]> {
  const rows = await tx.find('policy_version', { version })
  return rows.map(row =>
    stored(step, 'policy_version', version, row.policy_digest, row.created_at, 'digest derived anew'),
  )
}

/** What was made active, and taken back. */
async function activationStory(
  tx: Reading,
  of: { readonly candidate_id: string },
): Promise<readonly StoredLink[]> {
  const links: StoredLink[] = []
  for (const row of await tx.find('policy_apply_record', of)) {
    const { id, verification_checksum, applied_at } = row
    links.push(
      stored('apply', 'policy_apply_record', id, verification_checksum, applied_at, signatureProof(row)),
    )
    links.push(...(await tx.find('policy_activation', { apply_record_id: id })).map(activationLink))
  }
  for (const row of await tx.find('policy_rollback_record', of)) {
    const { id, verification_checksum, rolled_back_at } = row
    links.push(
      stored(
        'rollback',
        'policy_rollback_record',
        id,
        verification_checksum,
        rolled_back_at,
        signatureProof(row),
      ),
    )
    links.push(...(await tx.find('policy_activation', { rollback_record_id: id })).map(activationLink))
  }
  return links
}

const activationLink = ({ epoch, policy_version, policy_digest, activated_at }: ActivationRow): StoredLink =>
  stored(
    'activation',
    'policy_activation',
    epoch,
    policy_digest,
    activated_at,
    `epoch ${epoch}, version ${policy_version}`,
  )

function judged({ places, ...link }: StoredLink, findings: readonly AuditFinding[]): LineageLink {
  const against = findings.filter(({ where }) => places.some(place => `${where} `.startsWith(`${place} `)))
  if (against.length === 0) return { ...link, verified: true }
  const proof = against.map(({ code, expected, found }) => `${code}: expected ${expected}, found ${found}`)
  return { ...link, verified: false, proof: proof.join('; ') }
}

const provenanceOf = (candidate: CandidateRow): Provenance =>
  JSON.parse(candidate.provenance_json) as Provenance
