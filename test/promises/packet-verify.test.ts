import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { renderPacket } from '../../src/cli/packet-formats.ts'
import { PACKET_FORMATS } from '../../src/cli/packet-text.ts'
import { composeEvidence } from '../../src/compose.ts'
import { readConfig } from '../../src/config.ts'
import type { Packet } from '../../src/domain/packet.ts'
import { drawnFrom } from '../../src/domain/packet-drawn.ts'
import type { Json } from '../../src/domain/units.ts'
import { canonicalText, digestOf } from '../../src/evidence/canonical.ts'
import { replayChecksum } from '../../src/evidence/replay-checksum.ts'
import { packetIdOf } from '../../src/loop/packet-check.ts'
import { verifyPacket } from '../../src/loop/packet-verify.ts'
import {
  candidateOf,
  installationWithHistory,
  packetOf,
  parameterChange,
} from '../support/governed-candidate.ts'
import { refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

let installed: TestInstallation
let packet: Packet
before(async () => {
  installed = await installationWithHistory()
  const change = await parameterChange(installed.ports, 'discount-cap-smb', 'cap_bps', -50)
  packet = await packetOf(installed.ports, await candidateOf(installed.ports, change))
})
after(() => installed.remove())

const withSnapshot = () => composeEvidence(installed.config)
const fileAlone = () => composeEvidence(readConfig({ home: `${installed.folder}/nowhere` }, {}))

test('V2 a packet verifies from its file alone, and says what that leaves open', async () => {
  const verified = succeeded(await verifyPacket(fileAlone(), JSON.stringify(packet, null, 2)))
  assert.equal(verified.packet_id, packet.packet_id)
  assert.match(JSON.stringify(verified.not_checked), /snapshot is not at hand/)
})

test('V2 with the snapshot the oracle derives every figure of a packet anew', async () => {
  const verified = succeeded(await verifyPacket(withSnapshot(), JSON.stringify(packet)))
  assert.ok(verified.checked.some(what => what.includes('oracle')))
  assert.doesNotMatch(JSON.stringify(verified.not_checked), /snapshot/)
})

/** The packet with one value changed, by path. */
function changed(path: readonly string[], to: (value: unknown) => unknown): Packet {
  const copy = structuredClone(packet) as unknown as Record<string, unknown>
  let holder: Record<string, unknown> = copy
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<string, unknown>
  const last = path.at(-1) as string
  holder[last] = to(holder[last])
  return copy as unknown as Packet
}

/** Every path to a number, text or flag. */
function* leaves(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) yield path
  else for (const [name, part] of Object.entries(value)) yield* leaves(part, [...path, name])
}

const altered = (value: unknown): unknown => {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  return typeof value === 'string' ? `${value} ` : 'something'
}

test('R3 any changed field of a packet is detected', async () => {
  const paths = [...leaves(packet)].filter(path => path[0] !== 'evidence' || path[1] !== 'response_model')
  assert.ok(paths.length > 300, String(paths.length))
  for (const path of paths) {
    const result = await verifyPacket(fileAlone(), JSON.stringify(changed(path, altered)))
    assert.ok(!result.ok, `a change of ${path.join('.')} went unseen`)
    assert.ok(['packet_altered', 'bad_input'].includes(result.refusal.code))
  }
})

/** A forger who knows the format gives every digest of the file its new value. */
function resealed(forged: Packet): Packet {
  const { replay_checksum: _, ...findings } = forged.replay
  const replay = { ...findings, replay_checksum: replayChecksum(findings) }
  const whole = {
    ...forged,
    replay,
    replay_checksum: replay.replay_checksum,
    inputs: { ...forged.inputs, replay_report: digestOf(replay as unknown as Json) },
  }
  return { ...whole, packet_id: packetIdOf(whole) }
}

test('V2 a forged packet with all digests made anew is still found out', async () => {
  const plus = (value: unknown): unknown => (value as number) + 1000
  for (const path of [
    ['risk_score_bps'],
    ['fallback_plan', 'target_policy_version'],
    ['replay', 'support', 'extrapolated_bps'],
  ]) {
    const forged = resealed(changed(path, plus))
    refusedWith('packet_altered', await verifyPacket(fileAlone(), JSON.stringify(forged)))
  }
  for (const [path, why] of [
    [['replay', 'deterministic_pass'], 'replay.guardrails'],
    [['safety', 'attacks', '0', 'outcome'], 'safety'],
    [['safety', 'passed'], 'safety'],
  ] as const) {
    const to = (value: unknown): unknown => (value === 'passed' ? 'blocked' : !value)
    const forged = changed(path, to)
    const drawn = resealed({ ...forged, ...drawnFrom(forged) })
    const refusal = refusedWith('packet_altered', await verifyPacket(fileAlone(), JSON.stringify(drawn)))
    assert.equal(refusal.facts.why, why)
  }
  for (const path of [
    ['replay', 'projected_margin_delta_bps'],
    ['replay', 'counts', 'open'],
    ['safety', 'attacks', '0', 'measured'],
  ]) {
    const forged = resealed(changed(path, plus))
    const refusal = refusedWith('packet_altered', await verifyPacket(withSnapshot(), JSON.stringify(forged)))
    assert.match(String(refusal.facts.why), /^(replay|safety)\./)
  }
})

test('a packet reads the same in every format: its id, both policies, who moves most, and where', () => {
  const { movers, by_region, by_rule, blast_radius } = packet.replay
  const shown = [
    ...[...movers.losing, ...movers.gaining].map(mover => mover.quote_id),
    ...[...Object.keys(by_region), ...Object.keys(by_rule), ...blast_radius.impacted_cohort_ids],
  ]
  assert.ok(shown.length > 10)
  for (const format of PACKET_FORMATS) {
    const text = renderPacket(packet, format)
    assert.ok(text.includes(packet.packet_id), format)
    assert.ok(text.includes('discount-cap-smb'), format)
    for (const name of shown) assert.ok(text.includes(name), `${format} leaves ${name} out`)
    if (format === 'json') assert.deepEqual(JSON.parse(text), packet)
    if (format === 'html') assert.doesNotMatch(text, /<script|https?:/)
  }
})

test('V2 a packet file in which a name stands twice is refused, as other readers would read another packet', async () => {
  const written = JSON.stringify(packet, null, 2)
  for (const forged of [
    written.replace('{\n', '{\n  "risk_score_bps": 0,\n'),
    written.replace('"safety": {', '"safety": {"passed":true,'),
    written.replace(/("base_policy_version": )(\d+)/, '$1$2.0'),
    written.replace(/("base_policy_version": \d+)/, '$1.00000000000000000001'),
  ]) {
    assert.notEqual(forged, written)
    assert.deepEqual(JSON.parse(forged), packet, 'the last one would win')
    const refusal = refusedWith('bad_input', await verifyPacket(fileAlone(), forged))
    assert.match(String(refusal.facts.why), /in the form in which it was written/)
  }
  for (const same of [written, `${written}\n`, written.replaceAll('\n', '\r\n'), JSON.stringify(packet)]) {
    succeeded(await verifyPacket(fileAlone(), same))
  }
  succeeded(await verifyPacket(fileAlone(), canonicalText(packet as unknown as Json)))
})

/** What a packet says and its evidence does not: the candidate's and the log's to prove. */
const SAID_ALONE = ['candidate_version', 'created_by', 'built_by', 'proven', 'overturning_slope_share_bps']

test('V2 a packet that lacks something, with an id that fits, is altered and no fault', async () => {
  const names = Object.keys(packet).filter(name => !['schema', 'packet_id', ...SAID_ALONE].includes(name))
  for (const name of names) {
    for (const other of [undefined, null, 5]) {
      const kept = JSON.parse(JSON.stringify(changed([name], () => other))) as Packet
      const forged = { ...kept, packet_id: packetIdOf(kept) }
      refusedWith('packet_altered', await verifyPacket(fileAlone(), JSON.stringify(forged)))
    }
  }
})
