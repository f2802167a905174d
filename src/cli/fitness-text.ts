import type { FitnessVerdict, ResponseSlope } from '../domain/fitness-finding.ts'
import type { HistoryAudit } from '../loop/history-audit.ts'
import { factText } from './fact-text.ts'

const MEANING: Readonly<Record<FitnessVerdict, string>> = {
  fit: 'fit: changes can be learned from it',
  limited: 'limited: what is learned from it carries the caveats below',
  unfit: 'unfit: nothing may be learned from it as it is',
}

const NEXT: Readonly<Record<FitnessVerdict, string>> = {
  fit: 'next: `quotey policy-opt propose`',
  limited: 'next: `quotey policy-opt propose`; every packet will repeat these caveats',
  unfit:
    'next: mend what is named above and import again; until then `propose` takes only changes people bring',
}

/** What a history can support, for people. */
export const fitnessText = (audit: HistoryAudit): string =>
  [
    `history ${audit.snapshot_id} is ${MEANING[audit.verdict]}`,
    '',
    ...figureLines(audit),
    '',
    ...audit.findings.flatMap(findingLines),
    NEXT[audit.verdict],
  ].join('\n')

function figureLines({ figures }: HistoryAudit): readonly string[] {
  const explained =
    figures.grants_explained_bps === null ? 'unknown' : percent(figures.grants_explained_bps, 1)
  return [
    `  closed quotes            ${count(figures.closed)} (${count(figures.won)} won, ${count(figures.lost)} lost), ${count(figures.open)} open`,
    `  distinct discounts       ${count(figures.distinct_grants)}, ${explained} of their variance follows from other columns`,
    `  win rate, 1% more off    ${slope(figures.raw_response)} over all quotes`,
    `  among like quotes        ${slope(figures.adjusted_response)}`,
  ]
}

const findingLines = (finding: HistoryAudit['findings'][number]): readonly string[] => [
  `  ${finding.severity.padEnd(8)} ${finding.code}: ${finding.message}`,
  ...Object.entries(finding.facts).map(([name, value]) => `             ${factText(name, value)}`),
  `           test: ${finding.test}${finding.source === null ? '' : ` (${finding.source})`}`,
  `           to do: ${finding.remedy}`,
  '',
]

const slope = (response: ResponseSlope | null): string =>
  response === null
    ? 'unknown: discounts do not vary'
    : `${points(response.slope_ppm_per_100_bps)} (95%: ${points(response.lower_ppm_per_100_bps)} to ${points(response.upper_ppm_per_100_bps)} points)`

/** Percentage points with sign, from parts per million. */
const points = (ppm: number): string => `${ppm < 0 ? '-' : '+'}${(Math.abs(ppm) / 10_000).toFixed(2)}`
const percent = (bps: number, digits: number): string => `${(bps / 100).toFixed(digits)}%`
const count = (value: number): string => value.toLocaleString('en-US')
