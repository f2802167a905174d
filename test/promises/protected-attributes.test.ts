import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cramersV } from '../../src/domain/association.ts'
import { auditFitness } from '../../src/domain/fitness.ts'
import { RandomStream } from '../../src/domain/market-random.ts'
import { isProtectedAttribute } from '../../src/domain/protected-attributes.ts'
import { fitResponse } from '../../src/domain/response-fit.ts'
import { DEFAULT_THRESHOLDS, type Thresholds } from '../../src/domain/thresholds.ts'
import { thresholdChanges } from '../../src/domain/thresholds-change.ts'
import { readThresholdsText } from '../../src/domain/thresholds-text.ts'
import { simulatedHistory } from '../support/market-columns.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'

test('a person is protected by name, the age or colour or origin of a thing is not', () => {
  const people = [
    'age',
    'attr.holder_age',
    'driverAge',
    'customer_age',
    'age_of_driver',
    'birth-year',
    'Gender',
  ]
  const more = ['eye_colour', 'country_of_origin', 'polholder_gender', 'MaritalStatus', 'sex', 'attr.dob']
  for (const name of [...people, ...more]) assert.ok(isProtectedAttribute(name), name)
  const things = [
    'vehicle_age',
    'vehicl_age',
    'policy_age',
    'attr.account_age',
    'policyAge',
    'age_of_vehicle',
  ]
  const others = [
    'product_colour',
    'lead_origin',
    'package',
    'stage',
    'average',
    'sextant',
    'racetrack',
    'trace',
  ]
  for (const name of [...things, ...others]) assert.ok(!isProtectedAttribute(name), name)
})

test('the list is configured: its own words count and no others, several parts one after the other', () => {
  const words = ['union_member', 'postcode', 'vehicle_age']
  for (const name of ['attr.union_member', 'isUnionMember', 'billing_postcode', 'vehicle_age']) {
    assert.ok(isProtectedAttribute(name, words), name)
  }
  for (const name of ['member_union', 'union', 'gender']) assert.ok(!isProtectedAttribute(name, words), name)
})

const withList = (protected_attributes: readonly string[]): Thresholds => ({
  ...DEFAULT_THRESHOLDS,
  evidence: { ...DEFAULT_THRESHOLDS.evidence, protected_attributes },
})

test('the list is part of the signed thresholds: protecting less loosens, protecting more tightens', () => {
  const usual = DEFAULT_THRESHOLDS.evidence.protected_attributes
  const changes = (after: readonly string[]) =>
    thresholdChanges(DEFAULT_THRESHOLDS, withList(after)).map(change => change.loosened)
  assert.deepEqual(changes([...usual, 'postcode']), [false])
  assert.deepEqual(changes(usual.slice(1)), [true])
  assert.deepEqual(changes([...usual.slice(1), 'postcode']), [true])
  const text = JSON.stringify(withList(['holder_age']))
  const read = readThresholdsText(text)
  assert.ok(read.ok && read.value.evidence.protected_attributes[0] === 'holder_age')
  assert.ok(!readThresholdsText(JSON.stringify(withList(['holder age']))).ok)
})

const { quotes } = simulatedHistory({ seed: 21, quotes: 3000 })
/** Nearly every small customer is of one kind, nearly every other one of the other. */
const described = quotes.map((quote, at) => {
  const usual = at % 10 !== 0
  const member = (quote.segment === 'smb') === usual ? 'yes' : 'no'
  return { ...quote, attributes: { ...quote.attributes, member, plan: at % 2 === 0 ? 'a' : 'b' } }
})

test('E3 a configured attribute is found with the column that stands in for it, and kept out of the model', () => {
  const columns = columnsOfQuotes(described)
  const protectedAttributes = ['member']
  const found = auditFitness(columns, { thinSegmentQuotes: 200, protectedAttributes }).findings
  const finding = found.find(({ code }) => code === 'protected_attribute')
  assert.equal(finding?.facts.column, 'attr.member')
  assert.equal(finding.facts.closest_column, 'segment')
  // Nine in ten follow the segment, evenly: V is close to 0.8.
  assert.ok(Math.abs(Number(finding.facts.closest_column_association_bps) - 8000) < 300)
  assert.ok(
    !auditFitness(columns, { thinSegmentQuotes: 200 }).findings.some(
      ({ code }) => code === 'protected_attribute',
    ),
  )

  const factors = (words: readonly string[]): readonly string[] => {
    const fit = fitResponse(columns, {
      thinSegmentQuotes: 200,
      sensitivityOffsetShare: 0.5,
      protectedAttributes: words,
    })
    assert.ok(fit.kind === 'fitted')
    return fit.model.factors.map(factor => factor.column)
  }
  assert.ok(
    factors(protectedAttributes).includes('attr.plan') &&
      !factors(protectedAttributes).includes('attr.member'),
  )
  assert.ok(factors(['postcode']).includes('attr.member'))
})

test("Cramér's V agrees with a table worked by hand, is 1 for a function and 0 by chance", t => {
  // chi2 / n = 0.16 for (30, 10; 20, 40) less the correction of 1 / 99, over 1 - 1 / 99.
  const byHand =
    Math.sqrt((100 * (30 * 40 - 10 * 20) ** 2) / (40 * 60 * 50 * 50) / 100 - 1 / 99) / Math.sqrt(1 - 1 / 99)
  const table = [
    [30, 10],
    [20, 40],
  ]
  assert.ok(Math.abs((cramersV(table) ?? 0) - byHand) < 1e-12)
  const oneToOne = [
    [50, 0],
    [0, 70],
  ]
  const manyToOne = [
    [5000, 0, 0],
    [0, 7000, 2000],
  ]
  assert.ok(Math.abs((cramersV(oneToOne) ?? 0) - 1) < 1e-12)
  assert.ok((cramersV(manyToOne) ?? 0) > 0.999)
  assert.equal(cramersV([[5, 3]]), null)
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { minLength: 2, maxLength: 6 }), rows => {
      const across = rows[0]?.map((_, column) => rows.map(row => row[column] as number)) ?? []
      const [one, other] = [cramersV(rows), cramersV(across)]
      assert.ok(one === null ? other === null : other !== null && Math.abs(one - other) < 1e-9)
      assert.ok(one === null || (one >= 0 && one <= 1))
    }),
  )
  const stream = new RandomStream(3, 0, 0)
  let beyond = 0
  for (let history = 0; history < 200; history += 1) {
    const counts = Array.from({ length: 2 }, () => new Array<number>(20).fill(0))
    for (let quote = 0; quote < 400; quote += 1) {
      const row = counts[stream.uniform() < 0.5 ? 0 : 1] as number[]
      const column = Math.floor(stream.uniform() * 20)
      row[column] = (row[column] as number) + 1
    }
    if ((cramersV(counts) ?? 0) > 0.3) beyond += 1
  }
  t.diagnostic(`200 independent tables of 2 by 20 over 400 quotes: ${beyond} beyond 0.3`)
  assert.equal(beyond, 0)
})
