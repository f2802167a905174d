import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Appraisal, Appraise } from '../../src/domain/appraisal.ts'
import type { PolicyDocument, Rule } from '../../src/domain/policy.ts'
import { searchPolicies } from '../../src/domain/search.ts'
import { type Setting, TUNABLES_MAX, tunablesOf, valuesAround } from '../../src/domain/tunables.ts'

const rule = (id: string, value: number, steps: number, extra: Partial<Rule> = {}): Rule => ({
  id,
  kind: 'discount_cap',
  when: 'true',
  params: { cap_bps: value },
  tune: { cap_bps: { min: 0, max: steps * 10, step: 10 } },
  ...extra,
})

const policyWith = (rules: readonly Rule[]): PolicyDocument => ({
  schema: 'clo_policy.v1',
  name: 'test',
  rules,
})

/** An appraiser over a known worth of settings; what a change adds is a difference of worths. */
function appraiserOf(
  worth: (setting: Setting) => number,
  base: Setting,
  more: (setting: Setting) => Partial<Appraisal> = () => ({}),
): Appraise {
  return async (settings, against) =>
    settings.map(setting => {
      const gain = worth(setting) - worth(against ?? base)
      return {
        setting,
        robustLowerMicroCents: gain,
        pointMicroCents: gain,
        winRateDeltaBps: 0,
        approvalLoadDeltaBps: 0,
        impacted: setting.filter((value, at) => value !== base[at]).length,
        hindrance: null,
        ...more(setting),
      }
    })
}

test('on one peak the search comes as high as trying every setting', async () => {
  const peaked = fc.record({
    peak: fc.integer({ min: 0, max: 40 }),
    start: fc.integer({ min: 0, max: 40 }),
    steepness: fc.integer({ min: 1, max: 9 }),
  })
  let exact = 0
  let all = 0
  await fc.assert(
    fc.asyncProperty(fc.array(peaked, { minLength: 1, maxLength: 4 }), async tunables => {
      const rules = tunables.map(({ start }, at) => rule(`r${at}`, start * 10, 40))
      const base = tunables.map(({ start }) => start * 10)
      const worth = (setting: Setting): number =>
        setting.reduce((sum, value, at) => {
          const { peak, steepness } = tunables[at] as (typeof tunables)[number]
          return sum - steepness * (value / 10 - peak) ** 2
        }, 0)
      const highest = -worth(base)
      const { proposals } = await searchPolicies(policyWith(rules), appraiserOf(worth, base))
      const reached = Math.max(0, ...proposals.map(({ appraisal }) => appraisal.robustLowerMicroCents ?? 0))
      all += 1
      if (reached === highest) exact += 1
      assert.ok(reached >= 0.95 * highest, `${reached} of ${highest}`)
    }),
    { numRuns: 100 },
  )
  assert.ok(exact >= 0.95 * all, `${exact} of ${all}`)
})

test('a change that cannot prove itself given the others is not carried by them', async () => {
  const base = [100, 100]
  const rules = [rule('good', 100, 20), rule('rider', 100, 20)]
  const worth = ([good = 0, rider = 0]: Setting): number => (good === 60 ? 10 : 0) + (rider === 120 ? 2 : 0)
  const certain = appraiserOf(worth, base)
  // The rider raises the bound of the whole, yet what it adds by itself is too uncertain.
  const appraise: Appraise = async (settings, against) =>
    (await certain(settings, against)).map(appraisal =>
      appraisal.setting[1] === 120 && (against === null ? appraisal.setting[0] === 100 : against[1] === 100)
        ? { ...appraisal, robustLowerMicroCents: -1 }
        : appraisal,
    )
  const { proposals, notProposed } = await searchPolicies(policyWith(rules), appraise)
  assert.deepEqual(
    proposals.map(({ appraisal }) => appraisal.setting),
    [[60, 100]],
  )
  assert.ok(notProposed.some(({ reason, count }) => reason === 'change_not_proven_alone' && count === 1))
})

test('what is hindered or gains nothing is counted by its reason, and every setting is counted once', async () => {
  const base = [100]
  const worth = ([value = 0]: Setting): number => (value > 100 ? value - 100 : 100 - value)
  const appraise = appraiserOf(worth, base, ([value = 0]) =>
    value < 100 ? { hindrance: 'thin_segment' } : {},
  )
  const { searched, proposals, notProposed, frontier } = await searchPolicies(
    policyWith([rule('a', 100, 20)]),
    appraise,
  )
  assert.equal(proposals[0]?.appraisal.setting[0], 200)
  const counted = notProposed.reduce((sum, { count }) => sum + count, 0)
  assert.equal(counted + proposals.length, searched)
  assert.ok(notProposed.some(({ reason, count }) => reason === 'thin_segment' && count > 0))
  assert.ok(frontier.length > 0)
})

test('no declared range, or more than can be judged at once, is said', async () => {
  const none = await searchPolicies(
    policyWith([{ id: 'a', kind: 'prohibit', when: 'true' }]),
    appraiserOf(() => 0, []),
  )
  assert.deepEqual(none.notProposed, [{ reason: 'no_tunables', count: 0 }])
  const many = Array.from({ length: TUNABLES_MAX + 2 }, (_, at) => rule(`r${at}`, 10, 2))
  const base = many.slice(0, TUNABLES_MAX).map(() => 10)
  const { notProposed } = await searchPolicies(
    policyWith(many),
    appraiserOf(() => 0, base),
  )
  assert.deepEqual(notProposed.at(-1), { reason: 'too_many_tunables', count: 2 })
})

test('protected rules are not the optimizer’s to move, and values keep to steps and range', () => {
  const tunables = tunablesOf(policyWith([rule('a', 100, 20, { protected: true }), rule('b', 100, 20)]))
  assert.deepEqual(
    tunables.map(({ ruleId }) => ruleId),
    ['b'],
  )
  fc.assert(
    fc.property(
      fc.record({
        min: fc.integer({ min: -500, max: 0 }),
        steps: fc.nat(60),
        step: fc.integer({ min: 1, max: 50 }),
      }),
      fc.nat(60),
      fc.nat(20),
      fc.boolean(),
      ({ min, steps, step }, at, reach, ends) => {
        const range = { min, max: min + steps * step + (step - 1), step }
        const current = min + Math.min(at, steps) * step
        const values = valuesAround(
          { ruleId: 'a', parameter: 'cap_bps', range, current },
          current,
          reach,
          ends,
        )
        for (const value of values) {
          assert.ok(value >= range.min && value <= range.max && value !== current)
          assert.equal((value - min) % step, 0)
        }
      },
    ),
  )
})
