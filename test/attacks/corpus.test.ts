import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ATTACK_NAMES, type AttackCase, type AttackName } from '../../src/domain/attack.ts'
import { ATTACKS, attackCandidate, blockingAttacks } from '../../src/domain/attacks.ts'
import type { Request } from '../../src/domain/decision.ts'
import type { Rule } from '../../src/domain/policy.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { digestOfText } from '../../src/evidence/canonical.ts'
import { attackCase, policyOf } from '../support/attack-case.ts'

const cap = (bps: number, when = 'true', id = 'cap'): Rule => ({
  id,
  kind: 'discount_cap',
  when,
  params: { cap_bps: bps },
})
const floor = (bps: number): Rule => ({
  id: 'floor',
  kind: 'margin_floor',
  when: 'true',
  params: { floor_bps: bps },
  protected: true,
})
const approval = (above: number): Rule => ({
  id: 'approval',
  kind: 'approval',
  when: 'quote.discount_bps > params.above_bps',
  params: { above_bps: above },
})
const condition = (when: string): Rule => ({ id: 'condition', kind: 'approval', when })

/** So many equal requests. */
const some = (count: number, request: Partial<Request>): readonly Partial<Request>[] =>
  Array.from({ length: count }, () => request)
const mixed = [...some(300, { requestedDiscountBps: 500 }), ...some(300, { segment: 'mid' })]

/** One attack as somebody would try it, and the same move made harmlessly. */
interface Tried {
  readonly attack: AttackName
  readonly how: string
  readonly attempt: () => Promise<AttackCase>
  readonly twin: () => Promise<AttackCase>
}

const TRIED: readonly Tried[] = [
  {
    attack: 'margin_collapse',
    how: 'a cap opened so far that a fifth of the quotes lose much margin, in a mean that hides it',
    attempt: () => opened(2500, 80),
    twin: () => opened(1050, 80),
  },
  {
    attack: 'policy_bypass',
    how: 'a protected floor lowered',
    attempt: () => attackCase(policyOf(cap(1000), floor(1000)), policyOf(cap(1000), floor(900)), mixed),
    twin: () => attackCase(policyOf(cap(1000), floor(1000)), policyOf(cap(1000), floor(1100)), mixed),
  },
  {
    attack: 'policy_bypass',
    how: 'a protected floor narrowed to nobody',
    attempt: () =>
      attackCase(
        policyOf(cap(1000), floor(1000)),
        policyOf(cap(1000), { ...floor(1000), when: 'quote.list_cents < 0' }),
        mixed,
      ),
    twin: () =>
      attackCase(
        policyOf(cap(1000), floor(1000)),
        policyOf(cap(1000), { ...floor(1000), when: 'quote.list_cents < 0 || quote.list_cents >= 0' }),
        mixed,
      ),
  },
  {
    attack: 'biased_cohort_regression',
    how: 'one segment gives margin away for nothing',
    attempt: () => forSegment(1300, 'smb'),
    twin: () => forSegment(950, 'smb'),
  },
  {
    attack: 'violation_laundering',
    how: 'violating quotes moved out of sight by an attribute they lack',
    attempt: () => laundering({}),
    twin: () => laundering({ channel: 'web' }),
  },
  {
    attack: 'threshold_gaming',
    how: 'an approval limit moved to where the requests already bunch',
    attempt: () => bunched(2000),
    twin: () => bunched(1925),
  },
  {
    attack: 'thin_segment',
    how: 'a change in a segment with too few quotes',
    attempt: () => forSegment(950, 'tiny'),
    twin: () => forSegment(950, 'mid'),
  },
  {
    attack: 'extrapolation',
    how: 'most quotes decided as history never was',
    attempt: () => tightened(700),
    twin: () => tightened(950),
  },
  {
    attack: 'stacked_candidates',
    how: 'two changes that pass alone and fail together',
    attempt: () => unionWith(['margin_delta_too_low']),
    twin: () => unionWith([]),
  },
  {
    attack: 'evidence_swap',
    how: 'the report of another candidate',
    attempt: async () => ({ ...(await harmless()), candidateId: 'cand_other' }),
    twin: () => harmless(),
  },
  {
    attack: 'evidence_swap',
    how: 'the report of another policy',
    attempt: async () => inForce(await harmless(), { proposed_policy_digest: digestOfText('another') }),
    twin: () => harmless(),
  },
  {
    attack: 'stale_evidence',
    how: 'a report from before the thresholds changed',
    attempt: async () => inForce(await harmless(), { thresholds_digest: digestOfText('newer') }),
    twin: async () => inForce(await harmless(), {}),
  },
  {
    attack: 'protected_attribute',
    how: 'a rule that decides by age',
    attempt: () => deciding('quote.attr.holder_age > 60', { holder_age: 40 }),
    twin: () => deciding('quote.attr.package > 60', { package: 40 }),
  },
]

const harmless = (): Promise<AttackCase> => tightened(950)
const inForce = (attacked: AttackCase, current: Partial<AttackCase['current']>): AttackCase => ({
  ...attacked,
  current: { ...attacked.current, ...current },
})
const unionWith = async (newBlocks: readonly string[]): Promise<AttackCase> => ({
  ...(await harmless()),
  unions: [{ withCandidateIds: ['cand_other'], newBlocks }],
})
const tightened = (bps: number): Promise<AttackCase> =>
  attackCase(policyOf(cap(1000)), policyOf(cap(bps)), some(400, { requestedDiscountBps: 1500 }))
const opened = (bps: number, asking: number): Promise<AttackCase> =>
  attackCase(policyOf(cap(1000)), policyOf(cap(bps)), [
    ...some(400 - asking, { requestedDiscountBps: 300 }),
    ...some(asking, { requestedDiscountBps: 2500 }),
  ])
const forSegment = (bps: number, segment: string): Promise<AttackCase> => {
  const others = ['smb', 'mid', 'tiny'].filter(name => name !== segment)
  const rest = cap(1000, `quote.segment in ["${others.join('", "')}"]`, 'rest')
  const requests = [
    ...some(300, { segment: 'smb', requestedDiscountBps: 1500 }),
    ...some(300, { segment: 'mid', requestedDiscountBps: 1500 }),
    ...some(60, { segment: 'tiny', requestedDiscountBps: 1500 }),
  ]
  const own = (limit: number): Rule => cap(limit, `quote.segment == "${segment}"`, 'own')
  return attackCase(policyOf(own(1000), rest), policyOf(own(bps), rest), requests)
}
const laundering = (attributes: Request['attributes']): Promise<AttackCase> =>
  attackCase(
    policyOf(cap(1000), floor(4500)),
    policyOf(cap(1000), floor(4500), condition('quote.attr.channel == "partner"')),
    [
      ...some(390, { attributes: { channel: 'web' } }),
      ...some(10, { requestedDiscountBps: 1000, attributes }),
    ],
  )
const bunched = (asked: number): Promise<AttackCase> =>
  attackCase(policyOf(approval(1900)), policyOf(approval(2000)), [
    ...some(360, { requestedDiscountBps: 1850 }),
    ...some(60, { requestedDiscountBps: 2000 - 60 }),
    ...some(60, { requestedDiscountBps: asked }),
  ])
const deciding = (when: string, attributes: Request['attributes']): Promise<AttackCase> =>
  attackCase(policyOf(cap(1000)), policyOf(cap(1000), condition(when)), some(400, { attributes }))

for (const { attack, how, attempt, twin } of TRIED) {
  test(`G1 ${attack}: ${how} is blocked, its harmless twin passes the whole corpus`, async () => {
    const attacked = attackCandidate(await attempt())
    assert.ok(attacked.blocking.includes(attack), JSON.stringify(attacked.attacks, null, 1))
    assert.equal(attacked.passed, false)
    const harmlessly = attackCandidate(await twin())
    assert.deepEqual(harmlessly.blocking, [], JSON.stringify(harmlessly.attacks, null, 1))
  })
}

test('G1 every attack of the corpus is tried', () => {
  assert.deepEqual(new Set(TRIED.map(({ attack }) => attack)), new Set(ATTACK_NAMES))
  assert.deepEqual(Object.keys(ATTACKS).sort(), [...ATTACK_NAMES].sort())
})

test('G1 a block on single quotes shows the fewest that exhibit it, one on an aggregate its contributors', async () => {
  const laundered = attackCandidate(await laundering({})).attacks.find(
    result => result.attack === 'violation_laundering',
  )
  assert.deepEqual([laundered?.measured, laundered?.smallest_set.length], [10, 1])
  const collapsed = attackCandidate(await opened(2500, 80)).attacks.find(
    result => result.attack === 'margin_collapse',
  )
  assert.deepEqual(collapsed?.contributors, [{ key: 'smb', measured: 80 }])
})

test('R5 an attack without data is unknown and blocks, unless its measure is declared not required', async () => {
  const priceless = await attackCase(policyOf(cap(1000)), policyOf(cap(950)), some(400, { costCents: null }))
  const { attacks, blocking } = attackCandidate(priceless)
  const unknown = attacks.filter(result => result.outcome === 'unknown').map(result => result.attack)
  assert.deepEqual(unknown, ['margin_collapse', 'biased_cohort_regression'])
  assert.deepEqual(blocking, unknown)
  assert.deepEqual(blockingAttacks(attacks, unknown), [])
  const excused = {
    ...DEFAULT_THRESHOLDS,
    guardrails: { ...DEFAULT_THRESHOLDS.guardrails, not_required: [...ATTACK_NAMES] },
  }
  const blocked = await opened(2500, 80)
  assert.ok(attackCandidate({ ...blocked, thresholds: excused }).blocking.includes('margin_collapse'))
})
