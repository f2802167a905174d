import { EvaluationError } from '@marcbachmann/cel-js'
import { ENVIRONMENT, withNormalisedText } from './cel.ts'
import type { AttributeName, AttributeValue, Truth } from './expression.ts'

/** What a quote and a rule hold, by the names a `when` uses. Absent attributes are missing or null. */
export interface ConditionFacts {
  readonly quote: Readonly<Partial<Record<AttributeName, AttributeValue>>>
  readonly params: Readonly<Record<string, number>>
}

/**
 * The same text under the library's interpreter, without a step through our tree: the oracle's second opinion. The text
 * must have passed `compileCondition`.
 *
 * The library absorbs errors in || and && as CEL says, in either order of operands, so a missing key is all that
 * absence needs. An ordering between text and integer is CEL's `no such overload` and counts as absent as well.
 */
export function interpretCondition(when: string): (facts: ConditionFacts) => Truth {
  const program = ENVIRONMENT.parse(withNormalisedText(when))
  return facts => {
    try {
      return program(contextOf(facts)) as boolean
    } catch (error) {
      if (error instanceof EvaluationError && ABSENCE.includes(error.code)) return 'absent'
      throw error
    }
  }
}

const ABSENCE: readonly string[] = ['no_such_key', 'no_such_overload']

function contextOf(facts: ConditionFacts): { quote: object; params: object } {
  const quote: Record<string, unknown> = {}
  const attr = new Map<string, unknown>()
  for (const [name, value] of Object.entries(facts.quote)) {
    if (value === null) continue
    const celValue = typeof value === 'number' ? BigInt(value) : value
    if (name.startsWith('attr.')) attr.set(name.slice('attr.'.length), celValue)
    else quote[name] = celValue
  }
  const params = new Map(Object.entries(facts.params).map(([name, value]) => [name, BigInt(value)]))
  return { quote: { ...quote, attr }, params }
}
