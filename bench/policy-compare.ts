import { readFileSync } from 'node:fs'
import type { CheckedPolicy, PolicyDocument, Rule } from '../src/domain/policy.ts'
import { checkPolicy } from '../src/domain/policy-check.ts'
import { comparePolicies } from '../src/domain/policy-compare.ts'
import { readPolicyText } from '../src/domain/policy-text.ts'

/*
 * Compares the starter policy, and a policy of 50 rules, with changes of them on all possible quotes, and prints each verdict with
 * its time. Which verdict is right follows from how each change was made, and a wrong one ends the bench.
 *
 *     npm run bench -- policy-compare
 */

type Verdict = 'equal' | 'never_looser' | 'looser'

const SEGMENTS = ['smb', 'mid_market', 'enterprise', 'public']
const REGIONS = ['na', 'emea', 'apac']
const FAMILIES = ['software', 'hardware', 'services']

/** 50 rules over eight attributes: 36 caps, 8 approvals, 3 floors and 3 prohibitions, in the manner of a price book. */
const FIFTY: readonly Rule[] = [
  ...SEGMENTS.flatMap((segment, s) =>
    REGIONS.flatMap((region, r) =>
      FAMILIES.map(
        (family, f): Rule => ({
          id: `cap-${segment}-${region}-${family}`,
          kind: 'discount_cap',
          when: `quote.segment == "${segment}" && quote.region == "${region}" && quote.product_family == "${family}"`,
          params: { cap_bps: 1200 + 300 * s + 100 * r + 50 * f },
        }),
      ),
    ),
  ),
  ...SEGMENTS.flatMap((segment, s): Rule[] => [
    {
      id: `manager-${segment}`,
      kind: 'approval',
      when: `quote.segment == "${segment}" && quote.discount_bps > ${1000 + 250 * s}`,
      approver: 'sales_manager',
    },
    {
      id: `finance-${segment}`,
      kind: 'approval',
      when: `quote.segment == "${segment}" && (quote.margin_bps < ${1500 + 100 * s} || quote.list_cents > ${(s + 1) * 10_000_000})`,
      approver: 'finance',
    },
  ]),
  { id: 'floor', kind: 'margin_floor', when: 'true', params: { floor_bps: 800 } },
  {
    id: 'floor-services',
    kind: 'margin_floor',
    when: 'quote.product_family == "services"',
    params: { floor_bps: 1500 },
  },
  {
    id: 'floor-partner',
    kind: 'margin_floor',
    when: 'quote.attr.channel == "partner"',
    params: { floor_bps: 1200 },
  },
  { id: 'no-long-terms', kind: 'prohibit', when: 'quote.attr.term > 60' },
  {
    id: 'no-web-hardware',
    kind: 'prohibit',
    when: 'quote.attr.channel == "web" && quote.product_family == "hardware"',
  },
  { id: 'no-loss', kind: 'prohibit', when: 'quote.margin_bps < 0 && quote.segment != "public"' },
]

const fifty: PolicyDocument = { schema: 'clo_policy.v1', name: 'price-book', rules: FIFTY }

/** 50 rules that all apply everywhere, over as many attributes. */
const broad: PolicyDocument = {
  schema: 'clo_policy.v1',
  name: 'broad',
  rules: [
    { id: 'cap', kind: 'discount_cap', when: 'true', params: { cap_bps: 1800 } },
    ...Array.from({ length: 49 }, (_, at) => ({
      id: `approval-${at}`,
      kind: 'approval' as const,
      when: `quote.attr.a${at} == "x" || quote.attr.a${(at + 1) % 49} in ["y", "z"]`,
    })),
  ],
}

/** A cap for each of 50 attributes that a quote may lack. */
const scattered: PolicyDocument = {
  schema: 'clo_policy.v1',
  name: 'scattered',
  rules: Array.from({ length: 50 }, (_, at) => ({
    id: `cap-${at}`,
    kind: 'discount_cap' as const,
    when: `quote.attr.a${at} == "x"`,
    params: { cap_bps: 1800 + at },
  })),
}

const starter = (): PolicyDocument => {
  const read = readPolicyText(readFileSync(new URL('../policies/starter.yaml', import.meta.url), 'utf8'))
  if (!read.ok) throw new Error(read.refusal.message)
  // Without ranges, so that a candidate may stand at any number.
  return { ...read.value, rules: read.value.rules.map(({ tune: _, ...rule }) => rule) }
}

function checked(document: PolicyDocument): CheckedPolicy {
  const result = checkPolicy(document)
  if (!result.ok) throw new Error(result.refusal.message)
  return result.value
}

const moved = (document: PolicyDocument, by: Readonly<Record<string, number>>): PolicyDocument => ({
  ...document,
  rules: document.rules.map(rule => {
    const step = by[rule.id]
    if (step === undefined) return rule
    const [name, value] = Object.entries(rule.params ?? {})[0] as [string, number]
    return { ...rule, params: { ...rule.params, [name]: value + step } }
  }),
})

const without = (document: PolicyDocument, id: string): PolicyDocument => ({
  ...document,
  rules: document.rules.filter(rule => rule.id !== id),
})

const written = (document: PolicyDocument, id: string, from: string, to: string): PolicyDocument => ({
  ...document,
  rules: document.rules.map(rule => (rule.id === id ? { ...rule, when: rule.when.replace(from, to) } : rule)),
})

const everyCap = (document: PolicyDocument, by: number): PolicyDocument =>
  moved(
    document,
    Object.fromEntries(
      document.rules.filter(rule => rule.kind === 'discount_cap').map(rule => [rule.id, by]),
    ),
  )

type Case = readonly [name: string, base: PolicyDocument, candidate: PolicyDocument, verdict: Verdict]

const small = starter()
const cases: readonly Case[] = [
  ['starter, itself', small, small, 'equal'],
  ['starter, every cap lower', small, everyCap(small, -50), 'never_looser'],
  ['starter, one cap higher', small, moved(small, { 'discount-cap-smb': 50 }), 'looser'],
  ['50 rules, order turned', fifty, { ...fifty, rules: FIFTY.toReversed() }, 'equal'],
  ['50 rules, one cap lower', fifty, moved(fifty, { 'cap-smb-na-software': -50 }), 'never_looser'],
  ['50 rules, every cap lower', fifty, everyCap(fifty, -25), 'never_looser'],
  ['50 rules, one cap higher', fifty, moved(fifty, { 'cap-public-apac-services': 50 }), 'looser'],
  ['50 rules, one floor higher', fifty, moved(fifty, { floor: 100 }), 'never_looser'],
  ['50 rules, one floor lower', fifty, moved(fifty, { 'floor-services': -100 }), 'looser'],
  ['50 rules, more for managers', fifty, written(fifty, 'manager-smb', '> 1000', '> 900'), 'never_looser'],
  ['50 rules, less for managers', fifty, written(fifty, 'manager-smb', '> 1000', '> 1100'), 'looser'],
  ['50 attributes, the cap lower', broad, moved(broad, { cap: -100 }), 'never_looser'],
  ['50 attributes, an approval less', broad, without(broad, 'approval-7'), 'looser'],
  ['50 caps, all of them lower', scattered, everyCap(scattered, -50), 'never_looser'],
  ['50 caps, all of them higher', scattered, everyCap(scattered, 50), 'looser'],
  ['50 rules, a prohibition less', fifty, without(fifty, 'no-web-hardware'), 'looser'],
]

for (const [name, base, candidate, verdict] of cases) {
  const [before, after] = [checked(base), checked(candidate)]
  const began = performance.now()
  const found = comparePolicies(before, after)
  const milliseconds = (performance.now() - began).toFixed(0).padStart(7)
  const certainty = found.reason ?? (found.counterexample === null ? 'proved' : 'by a counterexample')
  console.log(`  ${name.padEnd(30)} ${milliseconds} ms  ${found.verdict}, ${certainty}`)
  if (found.reason === null && found.verdict !== verdict) throw new Error(`\`${name}\` is ${verdict}`)
}
