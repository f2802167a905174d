import { scanForAttacks } from '../domain/attack-scan.ts'
import { attackCandidate, blockingAttacks } from '../domain/attacks.ts'
import { judgeReport } from '../domain/guardrails.ts'
import type { Packet } from '../domain/packet.ts'
import { drawnFrom } from '../domain/packet-drawn.ts'
import type { CheckedPolicy } from '../domain/policy.ts'
import { applyDiffs } from '../domain/policy-diff.ts'
import { checkPolicyText } from '../domain/policy-text.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { replayFindings } from '../domain/replay-findings.ts'
import type { Digest, Json } from '../domain/units.ts'
import { canonicalText, digestOf, readAsWritten } from '../evidence/canonical.ts'
import { isReportIntact } from '../evidence/replay-checksum.ts'
import { overForeign } from './ill-shaped.ts'
import { packetAltered, packetIdOf } from './packet-check.ts'
import type { Ports } from './ports.ts'

/** What checking a packet needs: no installation, only an engine, and snapshots as far as there are any. */
export type PacketEvidencePorts = Pick<Ports, 'snapshots' | 'engine' | 'progress'>

/** `policy-packet verify`, JSON names. */
export interface VerifiedPacket {
  readonly ok: true
  readonly packet_id: Digest
  readonly candidate_id: string
  readonly checked: readonly string[]
  readonly not_checked: readonly { readonly what: string; readonly why: string }[]
}

/**
 * Checks a packet from its file: its id, that it carries the policies, thresholds, model and report it names, and that
 * everything drawn from them comes out again. With the snapshot at hand the oracle derives every number anew. Refuses
 * bad_input (not a packet) and packet_altered with the first place that differs; says what it could not check.
 */
export async function verifyPacket(
  ports: PacketEvidencePorts,
  text: string,
): Promise<Result<VerifiedPacket>> {
  const read = readPacketText(text)
  if (!read.ok) return read
  const packet = read.value
  return overForeign(
    () => checkedPacket(ports, packet),
    cause => packetAltered(packet.packet_id, `it lacks what belongs in a packet: ${cause}`),
  )
}

async function checkedPacket(ports: PacketEvidencePorts, packet: Packet): Promise<Result<VerifiedPacket>> {
  const policies = checkFromFile(packet)
  if (!policies.ok) return policies
  const checked = [
    'the id is the digest of the content',
    'both policies, the diff between them, thresholds, response model and replay report are those it names',
    'guardrails, what blocks, risk, reach, support, fallback, expiry and summary follow from them',
  ]
  const columns = await ports.snapshots.load(packet.inputs.snapshot)
  const apart = [
    { what: 'stacked_candidates', why: 'the other candidates are not in the file' },
    {
      what: 'fitness verdict, whether the effect is proven, and what would overturn it',
      why: 'the file holds the verdicts and the digest, not the audit and the proof',
    },
    {
      what: 'who built it, who decided on it, and their signatures',
      why: 'they are in the log: `quotey audit verify`, with `--export` on an exported folder',
    },
  ]
  if (!columns.ok) {
    const why = `the snapshot is not at hand (${columns.refusal.message})`
    const not_checked = [
      { what: 'the figures of the replay, that two runs gave them, and the attacks', why },
      ...apart,
    ]
    return done({
      ok: true,
      packet_id: packet.packet_id,
      candidate_id: packet.candidate_id,
      checked,
      not_checked,
    })
  }
  const again = await checkFromSnapshot(ports, packet, policies.value, columns.value)
  if (!again.ok) return again
  return done({
    ok: true,
    packet_id: packet.packet_id,
    candidate_id: packet.candidate_id,
    checked: [...checked, 'every figure of the replay, by the oracle', 'every attack but stacked_candidates'],
    not_checked: apart,
  })
}

function readPacketText(text: string): Result<Packet> {
  const notPacket = (why: string): Result<never> =>
    refuse(
      'bad_input',
      'the file is no packet',
      'write one with `quotey policy-packet show P --format json`',
      { why },
    )
  try {
    const value = readAsWritten(text) as unknown as Packet
    if (value?.schema !== 'clo_packet.v1') return notPacket('its schema is not clo_packet.v1')
    return done(value)
  } catch (error) {
    return notPacket(error instanceof Error ? error.message : String(error))
  }
}

interface PacketPolicies {
  readonly base: CheckedPolicy
  readonly proposed: CheckedPolicy
}

function checkFromFile(packet: Packet): Result<PacketPolicies> {
  const altered = (where: string): Result<never> => packetAltered(packet.packet_id, where)
  if (packetIdOf(packet) !== packet.packet_id) return altered('packet_id is not the digest of the content')
  const { inputs, replay, evidence, diff } = packet
  const base = checkPolicyText(diff.base_text)
  const proposed = checkPolicyText(diff.proposed_text)
  if (!base.ok || digestOf(asJson(base.value.document)) !== inputs.base_policy)
    return altered('diff.base_text')
  if (!proposed.ok || digestOf(asJson(proposed.value.document)) !== inputs.proposed_policy) {
    return altered('diff.proposed_text')
  }
  const changed = applyDiffs(base.value.document, diff.rule_diffs)
  if (!changed.ok || digestOf(asJson(changed.value)) !== inputs.proposed_policy)
    return altered('diff.rule_diffs')
  if (digestOf(asJson(evidence.thresholds)) !== inputs.thresholds) return altered('evidence.thresholds')
  const model = evidence.response_model === null ? null : digestOf(asJson(evidence.response_model))
  if (model !== inputs.response_model) return altered('evidence.response_model')
  if (!isReportIntact(replay) || digestOf(asJson(replay)) !== inputs.replay_report) return altered('replay')
  const misbound = boundElsewhere(packet)
  if (misbound !== null) return altered(misbound)
  const { risk_score_bps, blast_radius, support, fallback_plan, expires_at, summary, ...grounds } = packet
  const stated = { risk_score_bps, blast_radius, support, fallback_plan, expires_at, summary }
  const drawn = drawnFrom(grounds)
  for (const name of Object.keys(drawn) as (keyof typeof drawn)[]) {
    if (differ(stated[name], drawn[name])) return altered(name)
  }
  const guardrails = judgeReport(replay, evidence.thresholds.guardrails)
  if (differ(guardrails, replay.guardrails)) return altered('replay.guardrails')
  const { attacks } = packet.safety
  const blocking = blockingAttacks(attacks, evidence.thresholds.guardrails.not_required)
  if (differ(packet.safety, { passed: blocking.length === 0, attacks, blocking })) return altered('safety')
  return done({ base: base.value, proposed: proposed.value })
}

/** The report must be about what the packet says it is about. */
function boundElsewhere({ replay, inputs, candidate_id, ...packet }: Packet): string | null {
  if (replay.candidate_id !== candidate_id) return 'replay.candidate_id'
  if (replay.replay_checksum !== packet.replay_checksum) return 'replay_checksum'
  if (replay.inputs.proposed_policy_version !== packet.proposed_policy_version)
    return 'replay.inputs.proposed_policy_version'
  if (replay.inputs.base_policy_digest !== inputs.base_policy) return 'replay.inputs.base_policy_digest'
  if (replay.inputs.proposed_policy_digest !== inputs.proposed_policy)
    return 'replay.inputs.proposed_policy_digest'
  if (replay.inputs.snapshot_digest !== inputs.snapshot) return 'replay.inputs.snapshot_digest'
  if (replay.inputs.model_digest !== inputs.response_model) return 'replay.inputs.model_digest'
  if (replay.inputs.thresholds_digest !== inputs.thresholds) return 'replay.inputs.thresholds_digest'
  return null
}

async function checkFromSnapshot(
  ports: PacketEvidencePorts,
  packet: Packet,
  { base, proposed }: PacketPolicies,
  columns: Parameters<typeof scanForAttacks>[0],
): Promise<Result<true>> {
  const { replay, evidence, inputs } = packet
  const scope = replay.inputs.cohort_scope
  const task = {
    snapshotDigest: inputs.snapshot,
    columns,
    base,
    candidates: [proposed],
    scope,
    model: evidence.response_model,
  }
  const oracle = await ports.engine('oracle')
  const [sums] = await oracle
    .evaluate(task, (rows, total) => ports.progress('checking', rows, total))
    .finally(() => oracle.close())
  if (sums === undefined) throw new Error('the oracle gave no sums')
  const { replay_checksum: _, ...reported } = replay
  const derived = replayFindings({
    candidateId: packet.candidate_id,
    inputs: replay.inputs,
    columns,
    base,
    candidate: proposed,
    model: evidence.response_model,
    thresholds: evidence.thresholds,
    sums,
    deterministicPass: replay.deterministic_pass,
  })
  const wrong = (Object.keys(derived) as (keyof typeof derived)[]).find(name =>
    differ(derived[name], reported[name]),
  )
  if (wrong !== undefined) return packetAltered(packet.packet_id, `replay.${wrong}`)
  const safety = attackCandidate({
    candidateId: packet.candidate_id,
    base,
    candidate: proposed,
    report: replay,
    scan: scanForAttacks(columns, scope, base, proposed, evidence.thresholds),
    thresholds: evidence.thresholds,
    thinSegments: evidence.response_model?.thin_segments ?? [],
    current: {
      engine_version: replay.engine_version,
      base_policy_digest: inputs.base_policy,
      proposed_policy_digest: inputs.proposed_policy,
      snapshot_digest: inputs.snapshot,
      model_digest: inputs.response_model,
      thresholds_digest: inputs.thresholds,
    },
    unions: [],
  })
  const attack = safety.attacks.find(
    (result, at) => result.attack !== 'stacked_candidates' && differ(result, packet.safety.attacks[at]),
  )
  return attack === undefined
    ? done(true)
    : packetAltered(packet.packet_id, `safety.attacks.${attack.attack}`)
}

const asJson = (value: unknown): Json => value as Json
const differ = (left: unknown, right: unknown): boolean =>
  canonicalText(asJson(left)) !== canonicalText(asJson(right ?? null))
