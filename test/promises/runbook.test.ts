import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { CorpusCase } from '../../src/domain/corpus-case.ts'
import { done } from '../../src/domain/refusal.ts'
import { activePolicy, currentThresholds } from '../../src/loop/active.ts'
import { runDrill } from '../../src/loop/drill.ts'
import { liveStateDigest } from '../../src/loop/live-state.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { propose } from '../../src/loop/propose.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import { type ValidationCheck, validateInstallation } from '../../src/loop/validate.ts'
import { corpusHolds } from '../../src/loop/validate-corpus.ts'
import {
  apply,
  approvedCandidate,
  candidateOf,
  decide,
  installationWithHistory,
  packetOf,
  parameterChange,
  rollback,
} from '../support/governed-candidate.ts'
import { refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'
import { withKpiFigures } from '../support/overriding.ts'

/** The four tests of the runbook's section 5, each runnable by its name: `node --test --test-name-pattern NAME`. */
let installed: TestInstallation
before(async () => {
  installed = await installationWithHistory()
})
after(() => installed.remove())

async function validated(ports: Ports, name: string): Promise<ValidationCheck> {
  const check = (await validateInstallation(ports)).checks.find(line => line.name === name)
  assert.ok(check, `no check ${name}`)
  return check
}

test('O1 rollback_drill_report_contains_timing_checksum_and_safety_artifacts', async () => {
  const { ports } = installed
  const one = succeeded(await runDrill(ports, { actorId: 'ruth', candidateId: null }))
  const two = succeeded(await runDrill(ports, { actorId: 'ruth', candidateId: null }))
  for (const report of [one, two]) {
    for (const ms of [report.apply_duration_ms, report.rollback_duration_ms, report.reapply_duration_ms]) {
      assert.ok(Number.isInteger(ms) && ms >= 0 && ms < 60_000, String(ms))
    }
    assert.equal(report.safety_passed, true)
    assert.equal(report.final_policy_version, report.expected_policy_version)
    assert.equal(report.live_state_digest_before, report.live_state_digest_after)
    assert.notEqual(report.rollback_verification_checksum, report.first_apply_verification_checksum)
    assert.equal(report.reapply_verification_checksum, report.first_apply_verification_checksum)
  }
  assert.match(one.first_apply_verification_checksum, /^sha256:[0-9a-f]{64}$/)
  assert.equal(one.first_apply_verification_checksum, two.first_apply_verification_checksum)
  assert.equal(one.rollback_verification_checksum, two.rollback_verification_checksum)
  const check = await validated(ports, 'rollback_drill_report_contains_timing_checksum_and_safety_artifacts')
  assert.equal(check.ok, true, check.proof)
})

test('O1 candidate_generator_rejects_red_team_policy_bypass', async () => {
  const { ports } = installed
  const { version } = await ports.store.read(activePolicy)
  const handedIn = async (ruleId: string, field: string, by: number) =>
    propose(ports, {
      actorId: 'ana',
      snapshot: null,
      fromDiff: {
        base_policy_version: version,
        rule_diffs: [await parameterChange(ports, ruleId, field, by)],
      },
      revertApply: null,
    })
  const refusal = refusedWith('protected_rule', await handedIn('margin-floor', 'floor_bps', -100))
  assert.match(refusal.message, /loosens the protected rule `margin-floor`/)
  assert.equal(succeeded(await handedIn('margin-floor-smb', 'floor_bps', 100)).candidates.length, 1)
  // The fork of the validation hands one to the reviewer past the generator, and there it meets the attack.
  const check = await validated(ports, 'candidate_generator_rejects_red_team_policy_bypass')
  assert.equal(check.ok, true, check.proof)
  assert.match(check.proof, /attack_blocked.*policy_bypass/)
})

test('O1 lifecycle_kpis_compute_deterministic_rates_latency_and_alerts', async () => {
  const { ports } = installed
  const { candidateId } = await approvedCandidate(
    ports,
    await parameterChange(ports, 'discount-cap-smb', 'cap_bps', -50),
  )
  const applied = succeeded(await apply(ports, 'ruth', candidateId))
  succeeded(await rollback(ports, 'sam', applied.apply_record.id))
  const name = 'lifecycle_kpis_compute_deterministic_rates_latency_and_alerts'
  const check = await validated(ports, name)
  assert.equal(check.ok, true, check.proof)
  const wrong = await validated(withKpiFigures(ports, { rollback_rate_bps: 1 }), name)
  assert.equal(wrong.ok, false)
  assert.match(wrong.proof, /rollback_rate_bps is 1, recomputed 10000/)
})

test('O1 run_action_requires_reason_for_reject', async () => {
  const { ports } = installed
  const packet = await packetOf(
    ports,
    await candidateOf(ports, await parameterChange(ports, 'discount-cap-smb', 'cap_bps', -150)),
  )
  for (const decision of ['reject', 'request_changes'] as const) {
    refusedWith('reason_required', await decide(ports, 'sam', packet.packet_id, decision))
    refusedWith('reason_required', await decide(ports, 'sam', packet.packet_id, decision, '  '))
  }
  assert.equal(
    succeeded(await decide(ports, 'sam', packet.packet_id, 'reject', 'too steep')).target_status,
    'rejected',
  )
  const check = await validated(ports, 'run_action_requires_reason_for_reject')
  assert.equal(check.ok, true, check.proof)
})

test('G1 O1 red_team_corpus_is_blocked_and_its_harmless_twins_pass', async () => {
  const { ports } = installed
  const cases = succeeded(await ports.attackCorpus())
  const held = await corpusHolds(ports)
  assert.deepEqual(
    [held.ok, held.proof],
    [true, `${cases.length} attacks are blocked, and their harmless twins pass`],
  )
  const [first, ...rest] = cases as [CorpusCase, ...CorpusCase[]]
  const harmless = { ...first, scene: first.twin }
  const altered = { ...ports, attackCorpus: async () => done([harmless, ...rest.slice(0, 2)]) }
  const broken = await corpusHolds(altered)
  assert.deepEqual([broken.ok, broken.kind], [false, 'control'])
  assert.match(broken.proof, new RegExp(`1 of 3 attacks.*${first.name}`))
})

test('O1 validate leaves nothing behind, in the live state or its log', async () => {
  const { ports } = installed
  const footprint = async () => [
    await liveStateDigest(ports),
    (await ports.store.read(tx => tx.find('policy_lifecycle_audit'))).length,
    (await ports.store.read(tx => tx.find('artifact'))).length,
  ]
  const before = await footprint()
  const report = await validateInstallation(ports)
  assert.equal(report.ok, true, JSON.stringify(report.checks))
  assert.deepEqual(
    report.checks.map(({ name }) => name),
    [
      'rollback_drill_report_contains_timing_checksum_and_safety_artifacts',
      'candidate_generator_rejects_red_team_policy_bypass',
      'run_action_requires_reason_for_reject',
      'red_team_corpus_is_blocked_and_its_harmless_twins_pass',
      'lifecycle_kpis_compute_deterministic_rates_latency_and_alerts',
      'audit_log_and_every_row_verify',
      'daily_check_ran',
      'weekly_drill_ran',
    ],
  )
  assert.deepEqual(await footprint(), before)
})

test('an alert taken from the list of those that pause by themselves loosens, one more tightens', async () => {
  const { ports } = installed
  const { thresholds } = await ports.store.read(currentThresholds)
  const listing = (...engage_pause: ('rollback_spike' | 'margin_gap_drift')[]) => ({
    ...thresholds,
    alerts: { ...thresholds.alerts, engage_pause },
  })
  const put = (actorId: string, ...codes: Parameters<typeof listing>) =>
    changeThresholds(ports, { actorId, thresholds: listing(...codes) })
  assert.equal(succeeded(await put('sam', 'rollback_spike')).state, 'in_force')
  assert.equal(succeeded(await put('sam', 'rollback_spike', 'margin_gap_drift')).state, 'in_force')
  const fewer = succeeded(await put('sam', 'rollback_spike'))
  assert.deepEqual([fewer.state, fewer.changes[0]?.loosened], ['pending', true])
  assert.equal(succeeded(await put('ruth', 'rollback_spike')).state, 'in_force')
})
