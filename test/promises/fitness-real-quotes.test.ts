import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { quoteFiles } from '../../src/adapters/quote-files.ts'
import { scanForAttacks } from '../../src/domain/attack-scan.ts'
import { closedQuotes } from '../../src/domain/closed-quotes.ts'
import { auditFitness } from '../../src/domain/fitness.ts'
import { type FitnessAudit, shareBps } from '../../src/domain/fitness-finding.ts'
import { moneyText } from '../../src/domain/money-text.ts'
import type { Rule } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import { practisedPolicy } from '../../src/domain/practised-policy.ts'
import type { QuoteColumns } from '../../src/domain/quote.ts'
import { WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { importHistory } from '../../src/loop/history.ts'
import { propose } from '../../src/loop/propose.ts'
import { newInstallation, succeeded } from '../support/installation.ts'
import { solveLinear } from '../support/linear-solve.ts'

/** Other people's quotes lie beside a checkout where they are at hand; the repository holds none. */
const pathOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const absent = (name: string): string | false =>
  existsSync(pathOf(`../shared/data/${name}.csv`)) ? false : `${name}.csv is not beside this checkout`

const fileOf = (name: string) => ({
  path: pathOf(`../shared/data/${name}.csv`),
  map: pathOf(`examples/${name}.map.yaml`),
})

async function columnsOf(name: string): Promise<QuoteColumns> {
  const { path, map } = fileOf(name)
  return succeeded(await quoteFiles(() => undefined).read(path, map, null)).columns
}

const auditOf = async (name: string): Promise<FitnessAudit> =>
  auditFitness(await columnsOf(name), { thinSegmentQuotes: 200 })

const codes = (audit: FitnessAudit): readonly string[] => audit.findings.map(finding => finding.code)

test('E3 renewal quotes: the raw response has the wrong sign, and what cannot be seen is named', {
  skip: absent('renewal-quotes'),
}, async () => {
  const audit = await auditOf('renewal-quotes')
  assert.equal(audit.verdict, 'limited')
  for (const code of ['response_sign_unstable', 'no_overlap', 'undated', 'approvals_unrecorded']) {
    assert.ok(codes(audit).includes(code), code)
  }
  const { raw_response: raw, adjusted_response: adjusted } = audit.figures
  // An independent fit of this file found renewal falling with larger cuts before, rising after adjustment.
  assert.ok((raw?.upper_ppm_per_100_bps ?? 0) < 0)
  assert.ok((adjusted?.lower_ppm_per_100_bps ?? 0) > 0)
  const overlap = audit.findings.find(finding => finding.code === 'no_overlap')
  assert.equal(overlap?.facts.strongest_column, 'segment', 'cuts follow the bonus class')
})

test('E3 renewal quotes: an independent logistic fit finds both signs, within the intervals of the audit', {
  skip: absent('renewal-quotes'),
}, async t => {
  const columns = await columnsOf('renewal-quotes')
  const { figures, findings } = auditFitness(columns, { thinSegmentQuotes: 200 })
  const { rows, won, wonCount } = closedQuotes(columns)
  // Logarithm of the offered price over last year's, as actuaries fit it.
  const price = Array.from(rows, row => Math.log(1 - (columns.grantedDiscountBps[row] as number) / 10_000))
  const alone = logisticSlope(
    price.map(value => [value, 1]),
    won,
  )
  const levels = [columns.segment, columns.region, columns.productFamily]
  const controlled = price.map((value, at) => [
    value,
    ...levels.flatMap(({ codes, dictionary }, of) =>
      dictionary
        .slice(of === 0 ? 0 : 1)
        .map((_, code) => Number(codes[rows[at] as number] === code + (of === 0 ? 0 : 1))),
    ),
  ])
  const adjusted = logisticSlope(controlled, won)
  t.diagnostic(
    `alone ${alone.slope.toFixed(2)} (error ${alone.error.toFixed(2)}), controlled ${adjusted.slope.toFixed(2)} (${adjusted.error.toFixed(2)})`,
  )
  assert.ok(alone.slope > 2 * alone.error && Math.abs(alone.slope - 0.79) < 2 * alone.error)
  assert.ok(adjusted.slope < -2 * adjusted.error && Math.abs(adjusted.slope + 1.6) < 2 * adjusted.error)

  // A per cent off moves the logarithm by -0.01 and, near the mean rate p, the probability by p (1 - p) times the logit's move.
  const rate = wonCount / rows.length
  const inPoints = (slope: number): number => -0.01 * slope * rate * (1 - rate) * 1e6
  for (const [measured, slope] of [
    [figures.raw_response, alone.slope],
    [figures.adjusted_response, adjusted.slope],
  ] as const) {
    assert.ok(measured !== null)
    assert.ok(
      measured.lower_ppm_per_100_bps < inPoints(slope) && inPoints(slope) < measured.upper_ppm_per_100_bps,
    )
  }
  const finding = findings.find(({ code }) => code === 'response_sign_unstable')
  assert.equal(finding?.facts.raw_slope_ppm_per_100_bps, figures.raw_response?.slope_ppm_per_100_bps)
  for (const name of ['adjusted_slope', 'adjusted_lower', 'adjusted_upper'] as const) {
    const fact = finding?.facts[`${name}_ppm_per_100_bps`]
    const figure =
      figures.adjusted_response?.[
        `${name.slice('adjusted_'.length)}_ppm_per_100_bps` as 'slope_ppm_per_100_bps'
      ]
    assert.equal(fact, figure, name)
  }
})

test('E3 renewal quotes: no proposal claims more than its lower bound, one that is brought is called unproven', {
  skip: absent('renewal-quotes'),
}, async t => {
  const columns = await columnsOf('renewal-quotes')
  const practised = practisedPolicy(columns)
  const { ports, remove } = await newInstallation(practised)
  try {
    succeeded(await importHistory(ports, { ...fileOf('renewal-quotes'), rejectsMax: null }))
    const asAna = { actorId: 'ana', snapshot: null, revertApply: null }
    const found = succeeded(await propose(ports, { ...asAna, fromDiff: null }))
    t.diagnostic(
      `${found.candidates.length} proposals; not proposed: ${JSON.stringify(found.not_proposed.map(({ reason, count }) => [reason, count]))}`,
    )
    for (const each of found.candidates) {
      const { point } = each.estimates.expected_margin_delta_cents_per_quote
      const bound = each.robust_lower_bound_cents_per_quote
      assert.ok(bound !== null && bound > 0 && point !== null && bound <= point)
    }
    assert.ok(found.candidates.length > 0 || found.not_proposed.some(({ count }) => count > 0))

    const rule = practised.rules[0] as Rule
    const cap = rule.params?.cap_bps as number
    const change = {
      rule_id: rule.id,
      operation: 'update',
      field: 'cap_bps',
      from: cap,
      to: cap - 50,
      rationale: '',
    } as const
    const fromDiff = { base_policy_version: 1, rule_diffs: [change] }
    const [brought] = succeeded(await propose(ports, { ...asAna, fromDiff })).candidates
    const bound = brought?.robust_lower_bound_cents_per_quote ?? 0
    assert.equal(/^effect: unproven: /.test(brought?.summary[1] ?? ''), bound <= 0, brought?.summary[1])
    assert.ok(
      brought?.summary[1]?.includes(`robust lower bound ${moneyText(bound, columns.currency)}`),
      brought?.summary[1],
    )
  } finally {
    await remove()
  }
})

test('renewal quotes record no approvals: a cap within past grants is not taken for unseen, a new sign-off is', {
  skip: absent('renewal-quotes'),
}, async () => {
  const columns = await columnsOf('renewal-quotes')
  const document = practisedPolicy(columns)
  const base = succeeded(checkPolicy(document))
  const unseenBps = (rules: readonly Rule[]): number => {
    const candidate = succeeded(checkPolicy({ ...document, rules }))
    const { impacted, extrapolated } = scanForAttacks(
      columns,
      WHOLE_SNAPSHOT,
      base,
      candidate,
      DEFAULT_THRESHOLDS,
    )
    assert.ok(impacted.quotes > 100)
    return shareBps(extrapolated.quotes, impacted.quotes)
  }
  const lowered = document.rules.map(rule =>
    rule.kind === 'discount_cap'
      ? { ...rule, params: { cap_bps: (rule.params?.cap_bps as number) - 50 } }
      : rule,
  )
  const { max_extrapolated_share_bps: limit } = DEFAULT_THRESHOLDS.attacks.extrapolation
  assert.ok(unseenBps(lowered.map(({ tune: _, ...rule }) => rule)) < limit)
  const signOff: Rule = { id: 'sign-off', kind: 'approval', when: 'quote.discount_bps > 0' }
  assert.equal(unseenBps([...document.rules, signOff]), 10_000)
})

test('E3 tender bids: without cost nothing is learned about margin, and bids of one tender compete', {
  skip: absent('tender-bids'),
}, async () => {
  const audit = await auditOf('tender-bids')
  assert.equal(audit.verdict, 'unfit')
  assert.equal(audit.findings[0]?.code, 'cost_missing')
  const competing = audit.findings.find(finding => finding.code === 'competing_quotes')
  assert.ok(Number(competing?.facts.clusters_of_several) > 1000)
  assert.equal(audit.findings[0]?.facts.without_cost_bps, 10_000)
  assert.ok(Number(competing?.facts.with_one_winner_bps) >= 9000)
  assert.ok(!codes(audit).includes('losing_prices_missing'), 'the prices of lost bids are known')
})

/** First coefficient of a logistic regression and its error, by Newton's method from nothing; shares no code with the product. */
function logisticSlope(
  terms: readonly (readonly number[])[],
  outcomes: ArrayLike<number>,
): { readonly slope: number; readonly error: number } {
  const width = terms[0]?.length ?? 0
  let beta = new Array<number>(width).fill(0)
  let variance = 0
  for (let step = 0; step < 8; step += 1) {
    const score = new Array<number>(width).fill(0)
    const information = Array.from({ length: width }, () => new Array<number>(width).fill(0))
    for (const [at, line] of terms.entries()) {
      const present = [...line.keys()].filter(term => line[term] !== 0)
      const predictor = present.reduce(
        (sum, term) => sum + (line[term] as number) * (beta[term] as number),
        0,
      )
      const chance = 1 / (1 + Math.exp(-predictor))
      for (const term of present) {
        const value = line[term] as number
        score[term] = (score[term] as number) + value * ((outcomes[at] as number) - chance)
        const row = information[term] as number[]
        for (const other of present) {
          row[other] = (row[other] as number) + chance * (1 - chance) * value * (line[other] as number)
        }
      }
    }
    const solved = solveLinear(information.map((row, at) => [...row, score[at] as number, Number(at === 0)]))
    beta = beta.map((value, at) => value + (solved[at]?.[0] as number))
    variance = solved[0]?.[1] as number
  }
  return { slope: beta[0] as number, error: Math.sqrt(variance) }
}
