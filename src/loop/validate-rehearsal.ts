import { drillChange } from '../domain/drill-change.ts'
import type { PolicyDocument, RuleDiff } from '../domain/policy.ts'
import { done, type Result } from '../domain/refusal.ts'
import { decideOnPacket } from './action.ts'
import { activePolicy } from './active.ts'
import { DRILL_ACTORS, drillCandidate, peopledFork } from './drill-fork.ts'
import { type Rehearsal, rehearse } from './drill-rehearsal.ts'
import { liveStateDigest } from './live-state.ts'
import { buildPacket } from './packet.ts'
import type { Ports } from './ports.ts'
import { replayCandidate } from './replay.ts'
import { logHead } from './trust.ts'
import type { ValidationCheck } from './validate.ts'

const { builder, approver } = DRILL_ACTORS
const DRILL = 'rollback_drill_report_contains_timing_checksum_and_safety_artifacts'
const BYPASS = 'candidate_generator_rejects_red_team_policy_bypass'
const REASON = 'run_action_requires_reason_for_reject'

/** Drill twice, a bypass and a wordless reject, each on a fork that goes away; and the proof that nothing stayed behind. */
export async function rehearsalHolds(ports: Ports): Promise<readonly ValidationCheck[]> {
  const before = await footprint(ports)
  const active = await ports.store.read(activePolicy)
  const change = [drillChange(active.document)]
  const first = await onFork(ports, fork => rehearse(fork, change))
  const second = await onFork(ports, async fork => {
    const rehearsed = await rehearse(fork, change)
    if (!rehearsed.ok) return rehearsed
    return done({ rehearsed: rehearsed.value, bypass: await bypass(fork), wordless: await wordless(fork) })
  })
  const untouched = before === (await footprint(ports))
  if (!first.ok || !second.ok) {
    const proof = (first.ok ? (second.ok ? '' : second.refusal.message) : first.refusal.message) || 'refused'
    return [DRILL, BYPASS, REASON].map(name => ({ name, kind: 'control', ok: false, proof }))
  }
  const { rehearsed, bypass: bypassed, wordless: refused } = second.value
  return [drillCheck(first.value, rehearsed, untouched), bypassed, refused]
}

async function onFork<T>(ports: Ports, work: (fork: Ports) => Promise<Result<T>>): Promise<Result<T>> {
  const fork = await ports.fork()
  try {
    const peopled = await peopledFork(fork)
    return peopled.ok ? await work(peopled.value) : peopled
  } finally {
    await fork.dispose()
  }
}

/** State and log of the live side; both must be as before. */
const footprint = async (ports: Ports): Promise<string> =>
  JSON.stringify([await liveStateDigest(ports), await ports.store.read(logHead)])

const CHECKSUMS = [
  'first_apply_verification_checksum',
  'rollback_verification_checksum',
  'reapply_verification_checksum',
] as const

function drillCheck(one: Rehearsal, two: Rehearsal, untouched: boolean): ValidationCheck {
  const faults = [
    ...one.checks.filter(check => !check.ok).map(check => `not so: ${check.name}`),
    ...CHECKSUMS.filter(name => !one[name]).map(name => `${name} is empty`),
    ...CHECKSUMS.filter(name => one[name] !== two[name]).map(name => `${name} differs between two drills`),
    ...(one.final_policy_version === one.expected_policy_version ? [] : ['the final version is another one']),
    ...(untouched ? [] : ['the live state or its log changed meanwhile']),
  ]
  const timings = `apply ${one.apply_duration_ms} ms, rollback ${one.rollback_duration_ms} ms, reapply ${one.reapply_duration_ms} ms`
  return {
    name: DRILL,
    kind: 'control',
    ok: faults.length === 0,
    proof:
      faults.length === 0
        ? `two drills, the same three checksums; ${timings}; nothing left behind`
        : faults.join('; '),
  }
}

/** A candidate that takes away a protected rule must not be approved. */
async function bypass(fork: Ports): Promise<ValidationCheck> {
  const line = (ok: boolean, proof: string): ValidationCheck => ({ name: BYPASS, kind: 'control', ok, proof })
  const { document } = await fork.store.read(activePolicy)
  const diff = looseningOf(document)
  if (diff === null) return line(false, 'no rule of the active policy is protected, so nothing guards it')
  const packet = await packetOf(fork, [diff])
  if (!packet.ok) return line(packet.refusal.code === 'protected_rule', packet.refusal.message)
  const decided = await decideOnPacket(fork, {
    actorId: approver.id,
    packetId: packet.value,
    decision: 'approve',
    reason: 'validation',
    channel: 'cli',
  })
  if (decided.ok) return line(false, `a candidate without \`${diff.rule_id}\` was approved`)
  const { code, message, facts } = decided.refusal
  const named = JSON.stringify(facts).includes('policy_bypass')
  return line(
    code === 'attack_blocked' && named,
    `a candidate without the protected rule \`${diff.rule_id}\` is refused (${code}): ${message}`,
  )
}

function looseningOf(policy: PolicyDocument): RuleDiff | null {
  const rule = policy.rules.find(each => each.protected === true)
  if (rule === undefined) return null
  const rationale = 'validation: must be refused'
  return { rule_id: rule.id, operation: 'remove', field: 'rule', from: rule, to: null, rationale }
}

/** A reject and a change request without a reason are refused; with one, the same reject goes through. */
async function wordless(fork: Ports): Promise<ValidationCheck> {
  const line = (ok: boolean, proof: string): ValidationCheck => ({ name: REASON, kind: 'control', ok, proof })
  const { document } = await fork.store.read(activePolicy)
  const packet = await packetOf(fork, [drillChange(document)])
  if (!packet.ok) return line(false, packet.refusal.message)
  const say = (decision: 'reject' | 'request_changes', reason: string | null) =>
    decideOnPacket(fork, { actorId: approver.id, packetId: packet.value, decision, reason, channel: 'cli' })
  for (const decision of ['reject', 'request_changes'] as const) {
    const answer = await say(decision, ' ')
    if (answer.ok || answer.refusal.code !== 'reason_required') {
      return line(false, `${decision} without a reason was not refused for it`)
    }
  }
  const spoken = await say('reject', 'validation')
  return spoken.ok
    ? line(true, 'reject and request_changes without a reason are refused; with one, reject is recorded')
    : line(false, `a reject with a reason was refused: ${spoken.refusal.message}`)
}

async function packetOf(fork: Ports, ruleDiffs: readonly RuleDiff[]): Promise<Result<string>> {
  const candidate = await drillCandidate(fork, ruleDiffs)
  if (!candidate.ok) return candidate
  const request = { actorId: builder.id, candidateId: candidate.value.id }
  const replayed = await replayCandidate(fork, request)
  if (!replayed.ok) return replayed
  const packet = await buildPacket(fork, request)
  return packet.ok ? done(packet.value.packet_id) : packet
}
