import { MARGIN_BPS_MIN } from './arithmetic.ts'
import {
  type AttributeName,
  type AttributeValue,
  type Expression,
  evaluate,
  TEXT_ATTRIBUTES,
  type Truth,
} from './expression.ts'

/**
 * Comparisons with literals cannot tell apart the values between two neighbouring literals. So the values of an attribute fall
 * into finitely many pieces, and one value of each stands for all: that is why policies can be compared exactly.
 */
export type Piece =
  | { readonly kind: 'absent' }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'range'; readonly min: number; readonly max: number }

/** What is fixed so far of all quotes under consideration; an attribute without a piece is still open. */
export type Cell = ReadonlyMap<AttributeName, Piece>

interface Range {
  readonly min: number
  readonly max: number
}

/** Bounds of the integer attributes, DESIGN section 4. */
export const RANGE_OF: Readonly<Record<string, Range>> = {
  list_cents: { min: 1, max: 1_000_000_000_000 },
  cost_cents: { min: 0, max: 1_000_000_000_000 },
  requested_discount_bps: { min: -10_000, max: 10_000 },
  discount_bps: { min: -10_000, max: 10_000 },
  margin_bps: { min: MARGIN_BPS_MIN, max: 10_000 },
}
const ANY_INTEGER: Range = { min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }

/** Every comparison and membership in an expression. */
export function comparisonsOf(
  expression: Expression,
): readonly Extract<Expression, { kind: 'comparison' | 'membership' }>[] {
  switch (expression.kind) {
    case 'constant':
      return []
    case 'comparison':
    case 'membership':
      return [expression]
    case 'not':
      return comparisonsOf(expression.of)
    case 'and':
    case 'or':
      return expression.of.flatMap(comparisonsOf)
  }
}

/** Attributes an expression names, in order of appearance. */
export const attributesOf = (expression: Expression): readonly AttributeName[] => [
  ...new Set(comparisonsOf(expression).map(comparison => comparison.attribute)),
]

/** Literals one attribute is compared with: where pieces of integers begin, and words. */
export class Cuts {
  readonly starts = new Set<number>()
  readonly words = new Set<string>()
  #comparesIntegers = false

  /** Takes the literals of comparisons, whatever attribute they name. */
  addComparisons(comparisons: ReturnType<typeof comparisonsOf>): this {
    for (const comparison of comparisons) {
      if (comparison.kind === 'membership') {
        for (const value of comparison.values) this.#addValue(value, '==')
      } else this.#addValue(comparison.value, comparison.operator)
    }
    return this
  }

  /** Tells values below `start` from the others. */
  addStart(start: number): this {
    this.starts.add(start)
    this.#comparesIntegers = true
    return this
  }

  #addValue(value: string | number, operator: string): void {
    if (typeof value === 'string') this.words.add(value)
    else {
      if (operator !== '<=' && operator !== '>') this.addStart(value)
      if (operator !== '<' && operator !== '>=') this.addStart(value + 1)
    }
  }

  /** The pieces of the attribute these cuts belong to, together all its values. */
  pieces(attribute: AttributeName): readonly Piece[] {
    const range = RANGE_OF[attribute]
    if (range !== undefined) {
      const present = this.#ranges(range)
      const maybeAbsent = attribute === 'cost_cents' || attribute === 'margin_bps'
      return maybeAbsent ? [...present, { kind: 'absent' }] : present
    }
    const words = [...this.words, anotherWord(this.words)].map(value => ({ kind: 'text', value }) as const)
    if (TEXT_ATTRIBUTES.includes(attribute)) return words
    // An attr.* may hold either kind: a word where integers are compared is a case of its own, and the other way round it
    // is like any other word.
    return [...(this.#comparesIntegers ? this.#ranges(ANY_INTEGER) : []), ...words, { kind: 'absent' }]
  }

  #ranges(within: Range): readonly Piece[] {
    const starts = [...this.starts].filter(start => start > within.min && start <= within.max)
    const bounds = [within.min, ...starts.toSorted((left, right) => left - right)]
    return bounds.map((min, index) => ({
      kind: 'range',
      min,
      max: index + 1 < bounds.length ? (bounds[index + 1] as number) - 1 : within.max,
    }))
  }
}

/** A word that none of these is. */
function anotherWord(words: ReadonlySet<string>): string {
  let word = 'other'
  for (let count = 2; words.has(word); count += 1) word = `other-${count}`
  return word
}

/** The value that stands for a piece. */
export const standIn = (piece: Piece): AttributeValue =>
  piece.kind === 'absent' ? null : piece.kind === 'text' ? piece.value : piece.min

/** A truth, or `open` where an attribute that could decide it is still open. */
export type OpenTruth = Truth | 'open'

/** Attributes that can still decide an expression: those of its open parts, in order of appearance; none once it is decided. */
export function undecidedAttributesOf(
  expression: Expression,
  lookUp: (attribute: AttributeName) => AttributeValue | undefined,
): readonly AttributeName[] {
  if (truthSoFar(expression, lookUp) !== 'open') return []
  switch (expression.kind) {
    case 'constant':
      return []
    case 'comparison':
    case 'membership':
      return [expression.attribute]
    case 'not':
      return undecidedAttributesOf(expression.of, lookUp)
    case 'and':
    case 'or':
      return [...new Set(expression.of.flatMap(operand => undecidedAttributesOf(operand, lookUp)))]
  }
}

/** Truth of an expression as far as the known attributes decide it; `lookUp` gives undefined for an open one. */
export function truthSoFar(
  expression: Expression,
  lookUp: (attribute: AttributeName) => AttributeValue | undefined,
): OpenTruth {
  switch (expression.kind) {
    case 'constant':
      return expression.value
    case 'comparison':
    case 'membership': {
      const value = lookUp(expression.attribute)
      return value === undefined ? 'open' : evaluate(expression, () => value)
    }
    case 'not': {
      const truth = truthSoFar(expression.of, lookUp)
      return typeof truth === 'boolean' ? !truth : truth
    }
    case 'and':
    case 'or': {
      const absorbing = expression.kind === 'or'
      let weakest: OpenTruth = !absorbing
      for (const operand of expression.of) {
        const truth = truthSoFar(operand, lookUp)
        if (truth === absorbing) return absorbing
        if (truth === 'open' || (truth === 'absent' && weakest !== 'open')) weakest = truth
      }
      return weakest
    }
  }
}
