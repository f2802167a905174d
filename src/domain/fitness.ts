import { type ClosedQuotes, closedQuotes } from './closed-quotes.ts'
import type {
  FitnessAudit,
  FitnessFigures,
  FitnessFinding,
  FitnessOptions,
  FitnessVerdict,
} from './fitness-finding.ts'
import { leakingColumns } from './fitness-leaks.ts'
import { noLosses, thinSegments, tooFewOutcomes } from './fitness-outcomes.ts'
import { discountFollowsOutcome, losingPricesMissing, noOverlap } from './fitness-prices.ts'
import {
  approvalsUnrecorded,
  competingQuotes,
  costMissing,
  protectedAttributes,
  singlePeriod,
  undated,
} from './fitness-records.ts'
import {
  likeQuotes,
  type ResponseSlopes,
  responseSignUnstable,
  responseSignWrong,
  responseSlopes,
} from './fitness-response.ts'
import { responseShifted } from './fitness-shift.ts'
import { decidingColumns, partitionBy } from './partition.ts'
import type { QuoteColumns } from './quote.ts'
import { grantsExplained } from './variance.ts'

/**
 * Judges what a history can support before anybody optimises on it. Unfit if any finding is unfit, limited if any is limited.
 * Statistics may be floating here: they are judgements, not figures of a replay; facts are rounded to integers.
 */
export function auditFitness(columns: QuoteColumns, options: FitnessOptions): FitnessAudit {
  const closed = closedQuotes(columns)
  const deciding = decidingColumns(closed, options.protectedAttributes)
  const explained = grantsExplained(closed, partitionBy(closed, deciding))
  const explainedBps = explained === null ? null : Math.round(10_000 * explained)
  const like = likeQuotes(closed, deciding)
  const slopes = responseSlopes(closed, like)
  const findings = [
    noLosses(closed),
    losingPricesMissing(closed),
    discountFollowsOutcome(closed),
    noOverlap(closed, deciding, explainedBps),
    responseSignWrong(slopes),
    responseSignUnstable(slopes),
    responseShifted(closed, like),
    ...leakingColumns(closed),
    tooFewOutcomes(closed, deciding),
    costMissing(closed),
    thinSegments(closed, options),
    competingQuotes(closed),
    singlePeriod(closed),
    undated(closed),
    approvalsUnrecorded(closed),
    ...protectedAttributes(closed, deciding, options.protectedAttributes),
  ].filter(finding => finding !== null)
  return {
    schema: 'clo_fitness_audit.v1',
    verdict: verdictOf(findings),
    findings: [...findings].sort((left, right) => rank(left) - rank(right)),
    figures: figuresOf(closed, explainedBps, slopes),
  }
}

const rank = (finding: FitnessFinding): number => (finding.severity === 'unfit' ? 0 : 1)

function verdictOf(findings: readonly FitnessFinding[]): FitnessVerdict {
  if (findings.some(finding => finding.severity === 'unfit')) return 'unfit'
  return findings.length > 0 ? 'limited' : 'fit'
}

function figuresOf(
  closed: ClosedQuotes,
  explainedBps: number | null,
  slopes: ResponseSlopes,
): FitnessFigures {
  return {
    closed: closed.rows.length,
    won: closed.wonCount,
    lost: closed.lostCount,
    open: closed.columns.rows - closed.rows.length,
    distinct_grants: new Set(closed.granted).size,
    grants_explained_bps: explainedBps,
    raw_response: slopes.raw,
    adjusted_response: slopes.adjusted,
  }
}
