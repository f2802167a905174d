import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { csvHeader, csvLine } from '../../src/domain/market-csv.ts'
import { marketWorld } from '../../src/domain/market-world.ts'
import type { CandidateDiff, Rule, RuleDiff } from '../../src/domain/policy.ts'
import type { Quote } from '../../src/domain/quote.ts'
import { activePolicy } from '../../src/loop/active.ts'
import { artifactByDigest } from '../../src/loop/artifacts.ts'
import { candidateById, listCandidates } from '../../src/loop/candidate.ts'
import { importHistory } from '../../src/loop/history.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { propose } from '../../src/loop/propose.ts'
import { replayCandidate } from '../../src/loop/replay.ts'
import { rollbackApply } from '../../src/loop/rollback.ts'
import { apply, approvedCandidate, decide, packetOf, parameterChange } from '../support/governed-candidate.ts'
import {
  copyOf,
  newInstallation,
  refusedWith,
  succeeded,
  type TestInstallation,
} from '../support/installation.ts'
import { simulatedHistory } from '../support/market-columns.ts'

let whole: TestInstallation
const world = marketWorld({ variety: 1, worldSeed: 6 })
const { quotes } = simulatedHistory({ seed: 6, quotes: 4000, world })

before(async () => {
  whole = await newInstallation()
  await importQuotes(whole, quotes)
})
after(() => whole.remove())

async function importQuotes({ folder, ports }: TestInstallation, some: Iterable<Quote>): Promise<string> {
  const path = join(folder, 'quotes.csv')
  await writeFile(path, csvHeader() + [...some].map(csvLine).join(''))
  return succeeded(await importHistory(ports, { path, map: null, rejectsMax: 0 })).snapshot_id
}

/** Runs on a copy, so that tests do not see each other's candidates. */
const onCopy = (name: string, work: (installed: TestInstallation) => Promise<void>): void => {
  test(name, async () => {
    const copy = await copyOf(whole)
    try {
      await work(copy)
    } finally {
      await copy.remove()
    }
  })
}

const asAna = { actorId: 'ana', snapshot: null, fromDiff: null, revertApply: null } as const

const bringing = async (ports: Ports, ...rule_diffs: RuleDiff[]) => {
  const { version } = await ports.store.read(activePolicy)
  const fromDiff: CandidateDiff = { base_policy_version: version, rule_diffs }
  return propose(ports, { ...asAna, fromDiff })
}

onCopy(
  'the optimizer proposes on the evidence it stored, and its figures are those of the replay',
  async ({ ports }) => {
    const output = succeeded(await propose(ports, asAna))
    const [best] = output.candidates
    assert.ok(best !== undefined && best.robust_lower_bound_cents_per_quote !== null)
    assert.ok(best.robust_lower_bound_cents_per_quote > 0)
    // Proven over the declared range, half the pooled slope, so nothing weaker overturns it.
    assert.ok((best.overturning_slope_share_bps ?? 0) >= 5000)
    assert.ok(best.summary.length <= 5)
    assert.equal(best.chosen_for, 'most_margin')
    assert.ok(
      output.frontier.some(point => point.candidate_id === best.candidate_id) || output.frontier.length > 0,
    )

    const shown = succeeded(await candidateById(ports, best.candidate_id))
    assert.equal(shown.proven, true)
    assert.deepEqual(shown.policy, best.policy)
    const { model_digest, fitness_digest } = shown.provenance as Record<string, string>
    for (const digest of [model_digest, fitness_digest]) {
      succeeded(await ports.store.read(tx => artifactByDigest(tx, digest as string)))
    }
    const report = succeeded(await replayCandidate(ports, { actorId: 'ana', candidateId: best.candidate_id }))
    for (const [measure, estimate] of Object.entries(best.estimates)) {
      assert.deepEqual(report.intervals[measure as keyof typeof best.estimates], estimate, measure)
    }
    assert.equal(report.support.observed_bps, best.support.observed_bps)
    assert.deepEqual(report.guardrails.blocks, [])
  },
)

onCopy(
  'L2 proposing again gives the open candidate, and a new one once it was rejected',
  async ({ ports }) => {
    const step = await parameterChange(ports, 'discount-cap-smb', 'cap_bps', -50)
    const first = succeeded(await bringing(ports, step)).candidates[0]
    const again = succeeded(await bringing(ports, step)).candidates[0]
    assert.equal(again?.candidate_id, first?.candidate_id)
    assert.equal(succeeded(await listCandidates(ports)).candidates.length, 1)
    const packet = await packetOf(ports, first?.candidate_id as string)
    succeeded(await decide(ports, 'sam', packet.packet_id, 'reject', 'not this quarter'))
    const next = succeeded(await bringing(ports, step)).candidates[0]
    assert.notEqual(next?.candidate_id, first?.candidate_id)
    assert.equal(next?.status, 'draft')
    assert.equal(next?.proposed_policy_version, (first?.proposed_policy_version as number) + 1)
  },
)

onCopy('what is brought becomes a candidate, and says so when it is unproven', async ({ ports }) => {
  const worse = await parameterChange(ports, 'discount-cap-enterprise', 'cap_bps', 1000)
  const [candidate] = succeeded(await bringing(ports, worse)).candidates
  assert.ok((candidate?.robust_lower_bound_cents_per_quote as number) <= 0)
  assert.match(candidate?.summary.join('\n') as string, /unproven/)
  const shown = succeeded(await candidateById(ports, candidate?.candidate_id as string))
  assert.equal(shown.proven, false)
  assert.equal(shown.source, 'diff')
})

onCopy(
  'a diff for another version, one that changes nothing or fits nothing, and strangers are refused',
  async ({ ports }) => {
    const step = await parameterChange(ports, 'discount-cap-smb', 'cap_bps', -50)
    const other = { base_policy_version: 7, rule_diffs: [step] }
    refusedWith('base_version_moved', await propose(ports, { ...asAna, fromDiff: other }))
    refusedWith('bad_input', await bringing(ports))
    refusedWith('bad_input', await bringing(ports, { ...step, from: 1 }))
    refusedWith('invalid_policy', await bringing(ports, { ...step, to: 20_000 }))
    refusedWith('not_authorised', await propose(ports, { ...asAna, actorId: 'sam' }))
    refusedWith('not_authorised', await propose(ports, { ...asAna, actorId: 'mallory' }))
    refusedWith('not_found', await propose(ports, { ...asAna, snapshot: 'snap_0000' }))
    refusedWith('not_found', await propose(ports, { ...asAna, revertApply: 'apply_0' }))
    assert.deepEqual(succeeded(await listCandidates(ports)).candidates, [])
  },
)

onCopy('no change may loosen a protected rule', async ({ ports }) => {
  const floor = await parameterChange(ports, 'margin-floor', 'floor_bps', -1)
  const refusal = refusedWith('protected_rule', await bringing(ports, floor))
  assert.match(JSON.stringify(refusal.facts), /margin-floor/)
  const { document } = await ports.store.read(activePolicy)
  const rule = document.rules.find(({ id }) => id === 'margin-floor') as Rule
  const removal: RuleDiff = {
    rule_id: rule.id,
    operation: 'remove',
    field: 'rule',
    from: rule,
    to: null,
    rationale: '',
  }
  refusedWith('protected_rule', await bringing(ports, removal))
  succeeded(await bringing(ports, { ...floor, to: (floor.from as number) + 1 }))
})

test('E3 unfit history is refused with its findings, yet what people bring becomes a candidate without a claim', async () => {
  const installed = await newInstallation()
  const { ports } = installed
  await importQuotes(installed, quotes.filter(quote => quote.outcome !== 'lost').slice(0, 600))
  const refusal = refusedWith('unfit_history', await propose(ports, asAna))
  assert.match(JSON.stringify(refusal.facts), /no_losses/)
  const step = await parameterChange(ports, 'discount-cap-smb', 'cap_bps', -50)
  const [candidate] = succeeded(await bringing(ports, step)).candidates
  assert.equal(candidate?.estimates.expected_margin_delta_cents_per_quote.point, null)
  assert.equal(candidate?.estimates.win_rate_delta_bps.point, null)
  assert.equal(candidate?.confidence_score, 0)
  assert.match(candidate?.summary.join('\n') as string, /unfit/)
  const report = succeeded(
    await replayCandidate(ports, { actorId: 'ana', candidateId: candidate?.candidate_id as string }),
  )
  assert.equal(report.guardrails.passed, false)
  await installed.remove()
})

onCopy(
  'an earlier apply is taken back by its inverse, unless a later change touched the same field',
  async ({ ports }) => {
    const first = await approvedCandidate(
      ports,
      await parameterChange(ports, 'discount-cap-smb', 'cap_bps', -50),
    )
    const applied = succeeded(await apply(ports, 'ruth', first.candidateId)).apply_record
    const other = await approvedCandidate(
      ports,
      await parameterChange(ports, 'discount-cap-enterprise', 'cap_bps', -50),
    )
    succeeded(await apply(ports, 'ruth', other.candidateId))

    const output = succeeded(await propose(ports, { ...asAna, revertApply: applied.id }))
    const [candidate] = output.candidates
    assert.deepEqual(
      candidate?.rule_diffs.map(({ rule_id, from, to }) => [rule_id, from, to]),
      [['discount-cap-smb', 1750, 1800]],
    )
    const shown = succeeded(await candidateById(ports, candidate?.candidate_id as string))
    assert.equal(shown.source, 'revert')
    assert.equal(shown.provenance.reverts_apply_record_id, applied.id)

    const later = await approvedCandidate(
      ports,
      await parameterChange(ports, 'discount-cap-smb', 'cap_bps', -50),
    )
    const laterApply = succeeded(await apply(ports, 'ruth', later.candidateId)).apply_record
    const conflict = refusedWith(
      'base_version_moved',
      await propose(ports, { ...asAna, revertApply: applied.id }),
    )
    assert.match(JSON.stringify(conflict.facts), /cap_bps/)
    succeeded(
      await rollbackApply(ports, {
        actorId: 'ruth',
        applyRecordId: laterApply.id,
        reason: 'a test',
        triggeredAt: null,
      }),
    )
    refusedWith('illegal_move', await propose(ports, { ...asAna, revertApply: laterApply.id }))
  },
)
