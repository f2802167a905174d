import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { drillChange } from '../../src/domain/drill-change.ts'
import type { PolicyDocument } from '../../src/domain/policy.ts'
import { applyDiffs } from '../../src/domain/policy-diff.ts'
import { activePolicy } from '../../src/loop/active.ts'
import { everyTable, verifyAudit } from '../../src/loop/audit.ts'
import { runDrill } from '../../src/loop/drill.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import { controlStatus } from '../../src/loop/pause-status.ts'
import {
  apply,
  approvedCandidate,
  candidateOf,
  installationWithHistory,
} from '../support/governed-candidate.ts'
import { copyOf, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

let original: TestInstallation
/** Forks of this process alone, as other tests may drill at the same time. */
const forkPlace = mkdtempSync(join(tmpdir(), 'quotey-test-'))
before(async () => {
  process.env.TMPDIR = forkPlace
  original = await installationWithHistory(1500)
})
after(async () => {
  await original.remove()
  rmSync(forkPlace, { recursive: true, force: true })
})

const onCopy = (work: (installed: TestInstallation) => Promise<void>) => async (): Promise<void> => {
  const copy = await copyOf(original)
  try {
    await work(copy)
  } finally {
    await copy.remove()
  }
}

const forksLeft = (): readonly string[] =>
  readdirSync(forkPlace).filter(name => name.startsWith('quotey-fork-'))

test(
  'D1 a drill passes and changes no live row but its own record',
  onCopy(async installed => {
    const { ports } = installed
    const before = await ports.store.read(everyTable)
    const keys = readdirSync(installed.config.keysFolder)
    const report = succeeded(await runDrill(ports, { actorId: 'ruth', candidateId: null }))
    assert.deepEqual(
      report.checks.filter(check => !check.ok),
      [],
    )
    assert.equal(report.safety_passed, true)
    assert.ok(report.crash_points >= 12, `${report.crash_points} crash points`)
    assert.ok(report.time_to_restore_ms >= report.rollback_duration_ms)
    assert.equal(report.time_to_restore_ms_max, 900_000)
    assert.equal(report.live_state_digest_before, report.live_state_digest_after)
    assert.equal(report.final_policy_version, report.expected_policy_version)
    assert.equal(report.first_apply_verification_checksum, report.reapply_verification_checksum)
    assert.notEqual(report.rollback_verification_checksum, report.reapply_verification_checksum)

    const after = await ports.store.read(everyTable)
    for (const table of Object.keys(before)) {
      const grown = table === 'policy_lifecycle_audit' || table === 'artifact' ? 1 : 0
      assert.equal(after[table]?.length, (before[table]?.length ?? 0) + grown, table)
      assert.deepEqual(after[table]?.slice(0, before[table]?.length), before[table], table)
    }
    assert.deepEqual(readdirSync(installed.config.keysFolder), keys)
    assert.deepEqual(forksLeft(), [])
    assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
  }),
)

test(
  'D1 a drill of a candidate, by a scheduler, under a live pause, leaves candidate and pause as they were',
  onCopy(async ({ ports }) => {
    const candidateId = await candidateOf(ports)
    const pause = { ticket: 'CLO-SAFETY-PAUSE-1', reason: 'gap', metrics: ['margin_gap_alert'] }
    succeeded(await engagePause(ports, { actorId: 'sam', ...pause }))
    const status = await controlStatus(ports)
    const report = succeeded(await runDrill(ports, { actorId: 'cron', candidateId }))
    assert.equal(report.safety_passed, true, JSON.stringify(report.checks))
    assert.deepEqual(await controlStatus(ports), status)
    const row = await ports.store.read(tx => tx.last('policy_candidate', { id: candidateId }))
    assert.equal(row?.status, 'draft')
  }),
)

test(
  'a drill of a candidate for another base version is refused, and one without the role',
  onCopy(async ({ ports }) => {
    const other = await candidateOf(ports, {
      rule_id: 'discount-cap-enterprise',
      operation: 'update',
      field: 'cap_bps',
      from: 3000,
      to: 2950,
      rationale: 'a step',
    })
    const { candidateId } = await approvedCandidate(ports)
    succeeded(await apply(ports, 'ruth', candidateId))
    refusedWith('base_version_moved', await runDrill(ports, { actorId: 'ruth', candidateId: other }))
    refusedWith('not_authorised', await runDrill(ports, { actorId: 'ana', candidateId: null }))
  }),
)

test('a drill changes one parameter within its bounds, never of a protected rule', async () => {
  const { document } = await original.ports.store.read(activePolicy)
  const protectedOnly = document.rules.filter(rule => rule.protected === true)
  const atTheTop = document.rules.map(rule =>
    rule.id === 'discount-cap-smb' ? { ...rule, params: { cap_bps: 2600 } } : rule,
  )
  for (const rules of [document.rules, atTheTop, protectedOnly, []]) {
    const policy: PolicyDocument = { ...document, rules }
    const change = drillChange(policy)
    const changed = succeeded(applyDiffs(policy, [change]))
    assert.notDeepEqual(changed, policy)
    assert.ok(!protectedOnly.some(rule => rule.id === change.rule_id))
  }
})

test(
  'D1 a live state that changes while a drill runs is seen, and the drill does not count as passed',
  onCopy(async ({ ports }) => {
    const disturbed = {
      ...ports,
      fork: async () => {
        const pause = { ticket: 'CLO-SAFETY-PAUSE-4', reason: 'meanwhile', metrics: ['other:x'] }
        succeeded(await engagePause(ports, { actorId: 'sam', ...pause }))
        return ports.fork()
      },
    }
    const report = succeeded(await runDrill(disturbed, { actorId: 'ruth', candidateId: null }))
    assert.ok(report.checks.every(check => check.ok))
    assert.notEqual(report.live_state_digest_before, report.live_state_digest_after)
    assert.equal(report.safety_passed, false)
  }),
)

test(
  'D1 a drill that cannot be set up leaves no fork behind',
  onCopy(async ({ ports }) => {
    ports.store.copyTo = () => Promise.reject(new Error('the copy broke off'))
    await assert.rejects(runDrill(ports, { actorId: 'ruth', candidateId: null }), /broke off/)
    assert.deepEqual(forksLeft(), [])
  }),
)
