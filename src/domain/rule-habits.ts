import { div } from './arithmetic.ts'
import { decide } from './decision.ts'
import type { CheckedPolicy } from './policy.ts'
import { type QuoteColumns, quoteAt } from './quote.ts'

/** Quotes that are looked at, evenly spaced, so that a long history takes no longer than a middling one. */
const QUOTES_MAX = 50_000
/** A rule whose approvals take so much longer than the others' median, in percent, is where quotes wait. */
const BOTTLENECK_PERCENT = 125
const ANSWERS_MIN = 20

/** What history shows of one rule under the policy in force, over the quotes looked at. */
interface RuleHabit {
  matched: number
  /** Requests a cap cut, quotes an approval was asked for, or quotes below a floor. */
  bit: number
  granted: number
  refused: number
  readonly waitsSeconds: number[]
}

/**
 * What history shows of each rule, in words for the rationale of a change to it: caps that nobody meets, floors that bind,
 * approvals that are always granted, and where quotes wait. Approvals and waits are as logged on the quotes a rule concerns.
 * Empty for rules that nothing was seen of.
 */
export function ruleHabits(columns: QuoteColumns, policy: CheckedPolicy): ReadonlyMap<string, string> {
  const habits = new Map(policy.rules.map(({ id }) => [id, newHabit()]))
  const step = Math.max(1, Math.ceil(columns.rows / QUOTES_MAX))
  const waitsSeconds: number[] = []
  for (let row = 0; row < columns.rows; row += step) {
    const quote = quoteAt(columns, row)
    const decision = decide(policy, quote)
    if (decision.kind === 'not_replayable') continue
    if (quote.approvalLatencySeconds !== null) waitsSeconds.push(quote.approvalLatencySeconds)
    const requiring = new Set(decision.matched)
    for (const rule of policy.rules) {
      const habit = habits.get(rule.id)
      if (habit === undefined || !requiring.has(rule.id)) continue
      habit.matched += 1
      if (rule.kind === 'approval') {
        habit.bit += 1
        if (quote.approvalOutcome === 'approved') habit.granted += 1
        if (quote.approvalOutcome === 'rejected') habit.refused += 1
        if (quote.approvalLatencySeconds !== null) habit.waitsSeconds.push(quote.approvalLatencySeconds)
      } else if (rule.kind === 'discount_cap') {
        if (rule.limitBps !== null && quote.requestedDiscountBps > rule.limitBps) habit.bit += 1
      } else if (decision.violations.includes(rule.id)) habit.bit += 1
    }
  }
  const usualSeconds = medianOf(waitsSeconds)
  return new Map(
    policy.rules.flatMap(({ id, kind }) => {
      const habit = habits.get(id)
      return habit === undefined || habit.matched === 0
        ? []
        : [[id, habitText(kind, habit, usualSeconds)] as const]
    }),
  )
}

const newHabit = (): RuleHabit => ({ matched: 0, bit: 0, granted: 0, refused: 0, waitsSeconds: [] })

function habitText(
  kind: CheckedPolicy['rules'][number]['kind'],
  habit: RuleHabit,
  usualSeconds: number | null,
): string {
  const { matched, bit } = habit
  switch (kind) {
    case 'discount_cap':
      return bit === 0
        ? `nobody meets this cap: none of ${matched} requests went beyond it`
        : `the cap cut ${bit} of ${matched} requests`
    case 'approval':
      return approvalText(habit, usualSeconds)
    case 'margin_floor':
      return bit === 0
        ? `the floor binds nowhere: none of ${matched} quotes lay below it`
        : `the floor binds: ${bit} of ${matched} quotes lay below it`
    case 'prohibit':
      return `it applied to ${bit} quotes`
  }
}

function approvalText(
  { bit, granted, refused, waitsSeconds }: RuleHabit,
  usualSeconds: number | null,
): string {
  const answered = granted + refused
  const asked = `it asked for ${bit} approvals`
  const answers =
    answered < ANSWERS_MIN
      ? ''
      : refused === 0
        ? `; all ${answered} that were answered were granted`
        : `; ${granted} of ${answered} that were answered were granted`
  const wait = medianOf(waitsSeconds)
  if (wait === null || waitsSeconds.length < ANSWERS_MIN) return asked + answers
  const slow = usualSeconds !== null && 100 * wait > BOTTLENECK_PERCENT * usualSeconds
  const hours = div(wait, 3600)
  return `${asked}${answers}; they took ${hours} hours at the median${
    slow ? `, where all approvals took ${div(usualSeconds, 3600)}: quotes wait here` : ''
  }`
}

function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}
