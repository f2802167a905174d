import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KPI_TRENDS } from '../../src/cli/kpi-trends.ts'
import {
  duration,
  interval,
  money,
  moneyChange,
  percent,
  secondsChange,
} from '../../src/cli/report/figures.ts'
import { renderReport } from '../../src/cli/report/page.ts'
import type { RunReport } from '../../src/cli/report/run-report.ts'
import { moneyChangeText, moneyEstimateText, moneyText } from '../../src/domain/money-text.ts'
import { REPLAY } from '../support/report-replay.ts'
import { BARREN_RUN, RESPONSE, WHOLE_RUN } from '../support/report-runs.ts'
import { markupFaults } from '../support/well-formed.ts'

/** The page as a reader's eye meets it: tags gone, entities resolved, white space single. */
function textOf(page: string): string {
  return page
    .replace(/<style>[\s\S]*?<\/style>/g, ' ')
    .replace(/<(title|desc) id[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
}

const figure = new Intl.NumberFormat('en-US', { signDisplay: 'exceptZero' })
const cents = new Intl.NumberFormat('en-US', { signDisplay: 'exceptZero', minimumFractionDigits: 2 })
const withMinus = (text: string): string => text.replace('-', '−')

/** Figures that a page shows, made here by other means than the page's own. */
const signed = (value: number): string => withMinus(figure.format(value))
const signedMoney = (value: number): string => withMinus(cents.format(value / 100))

/** Under an hour and beyond a minute, as all of the fixture's are. */
const signedMinutes = (value: number): string =>
  `${value < 0 ? '−' : '+'}${Math.floor(Math.abs(value) / 60)} min ${Math.abs(value) % 60}`

const shows = (text: string, wanted: string): void =>
  assert.ok(text.includes(wanted), `the page lacks "${wanted}"`)

for (const [name, report] of [
  ['whole run', WHOLE_RUN],
  ['run without a proposal', BARREN_RUN],
  [
    'run that ended after the replay',
    { ...WHOLE_RUN, packet: null, monitoring: null, drill: null, rollback: null, kpi: null, kpi_history: [] },
  ],
  ['change without a response model', { ...WHOLE_RUN, response: null, replay: unmodelled() }],
] as const satisfies readonly (readonly [string, RunReport])[]) {
  test(`the report of a ${name} is well formed and asks for nothing from elsewhere`, () => {
    const page = renderReport(report)
    assert.deepEqual(markupFaults(page), [])
    assert.equal(/<script|<link|<img|@import|url\(|src=|https?:\/\/(?!www\.w3\.org)/.exec(page), null)
    assert.equal(/\bNaN\b|\bundefined\b|\[object|Infinity/.exec(page), null)
  })
}

/** The replay of a change on a history that gives no response model. */
function unmodelled(): typeof REPLAY {
  const unknown = { point: null, lower: null, upper: null }
  return {
    ...REPLAY,
    projected_win_rate_delta_bps: null,
    expected_margin_delta_cents: { total: null, per_quote: null },
    intervals: {
      ...REPLAY.intervals,
      win_rate_delta_bps: unknown,
      expected_margin_delta_cents_per_quote: unknown,
    },
    by_segment: Object.fromEntries(
      Object.entries(REPLAY.by_segment).map(([key, slice]) => [
        key,
        { ...slice, win_rate_delta_bps: null, expected_margin_delta_cents: { total: null, per_quote: null } },
      ]),
    ),
    support: { ...REPLAY.support, worst_case_expected_margin_delta_cents_per_quote: null },
  }
}

test('every estimate of the replay appears with both ends of its interval', () => {
  const text = textOf(renderReport(WHOLE_RUN))
  for (const [measure, { point, lower, upper }] of Object.entries(REPLAY.intervals)) {
    const show = measure.includes('cents')
      ? signedMoney
      : measure.includes('seconds')
        ? signedMinutes
        : signed
    for (const value of [point, lower, upper]) shows(text, show(value as number))
  }
  shows(text, '95%: +2.10 to +7.41 EUR')
})

test('every segment, region, rule, cohort, count, bin and mover appears with its figures', () => {
  const text = textOf(renderReport(WHOLE_RUN))
  for (const [key, slice] of [...Object.entries(REPLAY.by_segment), ...Object.entries(REPLAY.by_region)]) {
    const row = [
      key,
      slice.scored.toLocaleString('en-US'),
      slice.impacted.toLocaleString('en-US'),
      `${signedMoney(slice.expected_margin_delta_cents.per_quote as number)} EUR`,
      `${signed(slice.margin_delta_bps as number)} bps`,
      `${signed(slice.win_rate_delta_bps as number)} bps`,
      `${signed(slice.approval_load_delta_bps as number)} bps`,
    ].join(' ')
    shows(text, row)
  }
  for (const [key, slice] of Object.entries(REPLAY.by_rule)) {
    shows(text, `${key} ${slice.scored.toLocaleString('en-US')} ${slice.impacted.toLocaleString('en-US')}`)
  }
  const { blast_radius: touched, counts } = REPLAY
  for (const cohort of touched.impacted_cohort_ids) shows(text, cohort)
  shows(text, `${money(touched.impacted_value_cents, { code: 'eur', minorUnit: 2 })}`)
  shows(text, `${counts.in_scope.toLocaleString('en-US')} quotes in scope`)
  for (const [reason, quotes] of Object.entries(counts.not_replayable)) {
    shows(
      text,
      `${quotes.toLocaleString('en-US')} ${reason === 'cost_absent' ? 'for want of a cost' : 'not replayable'}`,
    )
  }
  for (const { quotes } of REPLAY.margin_delta_histogram) {
    if (quotes > 0) shows(text, quotes.toLocaleString('en-US'))
  }
  for (const { quote_id, expected_margin_delta_cents } of [
    ...REPLAY.movers.losing,
    ...REPLAY.movers.gaining,
  ]) {
    shows(text, quote_id)
    shows(text, signedMoney(expected_margin_delta_cents))
  }
})

test('the response is drawn: every fitted curve with where history is silent, and calibration out of fold', () => {
  const page = renderReport(WHOLE_RUN)
  const text = textOf(page)
  for (const { segment } of RESPONSE.segments) shows(page, `Win rate by discount in ${segment}`)
  shows(text, 'history speaks for discounts between 0% and 15%')
  shows(text, 'at no discount enough of them to speak for it')
  for (const bin of RESPONSE.calibration.bins) {
    const [predicted, observed] = [bin.predicted_ppm, bin.observed_ppm].map(
      ppm => `${(ppm / 10_000).toFixed(1)}%`,
    )
    shows(
      page,
      `predicted ${predicted}, observed ${observed} of ${bin.quotes.toLocaleString('en-US')} quotes`,
    )
  }
})

test('what was promised and what was observed stand side by side, and a promise that failed is called so', () => {
  const text = textOf(renderReport(WHOLE_RUN))
  shows(text, 'Win rate −9 bps 95%: −17 to −2 bps −160 bps 95%: −290 to −31 bps did not arrive')
  shows(text, 'not shown yet')
  shows(text, 'arrived')
})

test('guardrails, attacks, findings, alerts and digests are all named, with words for each verdict', () => {
  const text = textOf(renderReport(WHOLE_RUN))
  for (const words of ['+31 bps at least −50 bps pass', '−17 bps at least −25 bps pass', '0 at most 0 pass'])
    shows(text, words)
  for (const { attack } of WHOLE_RUN.packet?.safety.attacks ?? []) shows(text, attack.replaceAll('_', ' '))
  for (const { digest } of WHOLE_RUN.digests) shows(text, digest)
  shows(text, '100% 15% alert')
  shows(text, '+3 bps 200 bps either way clear')
  shows(text, WHOLE_RUN.audit?.root_hash as string)
})

test('a guardrail that fails or is unknown is said so, whatever the numbers look like', () => {
  const replay = {
    ...REPLAY,
    intervals: { ...REPLAY.intervals, win_rate_delta_bps: { point: null, lower: null, upper: null } },
    guardrails: {
      passed: false,
      blocks: [
        { code: 'margin_delta_too_low', measured: 31, limit: -50, reason: 'as the report says' },
        { code: 'win_rate_delta_too_low_unknown', measured: null, limit: -25, reason: 'no data' },
      ],
    },
  } as const
  const text = textOf(renderReport({ ...WHOLE_RUN, replay }))
  shows(text, '+31 bps at least −50 bps fail')
  shows(text, 'unknown at least −25 bps unknown')
  shows(text, 'Blocked: 2 of the checks below did not pass.')
})

test('R4 the report says why rows were rejected', () => {
  shows(textOf(renderReport(WHOLE_RUN)), 'list_cents is not a decimal number (3)')
})

test('a history that supports no proposal is told why and what would help, and nothing is claimed', () => {
  const text = textOf(renderReport(BARREN_RUN))
  shows(text, 'This history supports no proposal')
  for (const { message, remedy } of BARREN_RUN.fitness?.findings ?? []) {
    shows(text.toLowerCase(), message.toLowerCase())
    shows(text.toLowerCase(), remedy.toLowerCase())
  }
  shows(text, '16,050 closed quotes')
  assert.equal(text.includes('EUR'), false)
})

test('text from quotes and rules cannot become markup', () => {
  const hostile = '<script>alert(1)</script>"onload="x'
  const [mover] = REPLAY.movers.gaining
  const page = renderReport({
    ...WHOLE_RUN,
    policy_name: hostile,
    replay: {
      ...REPLAY,
      movers: { losing: [], gaining: [{ ...(mover as NonNullable<typeof mover>), quote_id: hostile }] },
      by_segment: { [hostile]: REPLAY.by_segment.smb as never },
    },
  })
  assert.equal(page.includes('<script'), false)
  assert.deepEqual(markupFaults(page), [])
})

test('amounts in texts have their currency, its decimals and separators, also beyond 2^53', () => {
  assert.equal(moneyText(123_456, 'eur'), '1,234.56 EUR')
  assert.equal(moneyText(-7, ''), '-0.07')
  assert.equal(moneyText('123456789012345678901', 'usd'), '1,234,567,890,123,456,789.01 USD')
  assert.equal(moneyChangeText(1_234_567, 'jpy'), '+1,234,567 JPY')
  assert.equal(moneyChangeText('0', 'eur'), '0.00 EUR')
  assert.equal(
    moneyEstimateText({ point: 263, lower: -41, upper: 412_000 }, 'eur'),
    '+2.63 EUR a quote (95%: -0.41 to +4,120.00)',
  )
  assert.equal(moneyEstimateText({ point: null, lower: null, upper: null }, 'eur'), 'unknown')
})

test('figures are written exactly: money from decimal strings, discounts in percent, durations in the right unit', () => {
  const euro = { code: 'eur', minorUnit: 2 } as const
  assert.deepEqual([0, 40, -310, null].map(secondsChange), ['0 s', '+40 s', '−5 min 10 s', 'unknown'])
  const bounds = { point: 1, lower: -6061, upper: 45 }
  assert.equal(interval(bounds, secondsChange), '95%: −1 h 41 min to +45 s')
  assert.equal(
    interval(bounds, value => moneyChange(value, euro)),
    '95%: −60.61 to +0.45 EUR',
  )
  assert.equal(money('-123456789012345678', euro), '−1,234,567,890,123,456.78 EUR')
  assert.equal(money(5, euro), '0.05 EUR')
  assert.equal(money('-5', euro), '−0.05 EUR')
  assert.equal(money(1234, { code: 'jpy', minorUnit: 0 }), '1,234 JPY')
  assert.deepEqual(
    [percent(1800), percent(1850), percent(1855), percent(-7)],
    ['18%', '18.5%', '18.55%', '−0.07%'],
  )
  assert.deepEqual([840, 12_000, 200_000, 7_500_000, 273_600_000].map(duration), [
    '840 ms',
    '12 s',
    '3 min 20 s',
    '2 h 5 min',
    '3 d 4 h',
  ])
})

test('recorded snapshots are drawn against their limits, as many points as snapshots', () => {
  const page = renderReport(WHOLE_RUN)
  const drawn = [...page.matchAll(/<polyline [^>]*points="([^"]*)"/g)].map(match => match[1] as string)
  assert.equal(drawn.length, KPI_TRENDS.length)
  for (const points of drawn) assert.equal(points.split(' ').length, WHOLE_RUN.kpi_history.length)
  // 0 and 1200 bps lie below the limit of 1500, 10000 above it; a picture counts from its top.
  const heights = (drawn[0] as string).split(' ').map(point => Number(point.split(',')[1]))
  const limit = Number(/y1="([\d.]+)"[^>]*stroke-dasharray/.exec(page)?.[1])
  const [none, below, above] = heights as [number, number, number]
  assert.ok(above < limit && limit < below && below < none, `${heights} against ${limit}`)
})
