import {
  type AttributeName,
  type AttributeValue,
  type Expression,
  evaluate,
} from '../../../domain/expression.ts'
import type { TunedRule } from './tuned-rule.ts'

/** Truths that a condition may have on some rows, over all settings: a set of bits, never too small. */
export type Truths = number
export const MAY_FAIL = 1
export const MAY_BE_ABSENT = 2
export const MAY_HOLD = 4

/** What is known of rows that no setting tells apart. */
export interface KnownValues {
  valueOf(attribute: AttributeName): AttributeValue
  readonly costKnown: boolean
}

/** `discount_bps` and `margin_bps` count as unknown outside caps, and so do comparisons whose constant moves. */
export function possibleTruths(rule: TunedRule, known: KnownValues): Truths {
  let at = 0
  const truthsOf = (expression: Expression): Truths => {
    switch (expression.kind) {
      case 'constant':
        return expression.value ? MAY_HOLD : MAY_FAIL
      case 'not':
        return mirrored(truthsOf(expression.of))
      case 'and':
        return joined(expression.of.map(truthsOf))
      case 'or':
        return mirrored(joined(expression.of.map(truthsOf).map(mirrored)))
      default:
        return ofAtom(rule, at++, known)
    }
  }
  return truthsOf(rule.pattern)
}

/** Whether an attribute depends on what is being decided. */
export const isDecided = (rule: TunedRule, attribute: AttributeName): boolean =>
  rule.kind !== 'discount_cap' && (attribute === 'discount_bps' || attribute === 'margin_bps')

function ofAtom(rule: TunedRule, at: number, known: KnownValues): Truths {
  const { attribute, atom, moves } = rule.atoms[at] as TunedRule['atoms'][number]
  if (isDecided(rule, attribute)) {
    return attribute === 'margin_bps' && !known.costKnown ? MAY_BE_ABSENT : MAY_FAIL | MAY_HOLD
  }
  const value = known.valueOf(attribute)
  const truth = evaluate(atom, () => value)
  if (truth === 'absent') return MAY_BE_ABSENT
  return moves ? MAY_FAIL | MAY_HOLD : truth ? MAY_HOLD : MAY_FAIL
}

const mirrored = (truths: Truths): Truths =>
  (truths & MAY_BE_ABSENT) | (truths & MAY_FAIL ? MAY_HOLD : 0) | (truths & MAY_HOLD ? MAY_FAIL : 0)

/** The least of one truth of each, where false < absent < true. */
function joined(operands: readonly Truths[]): Truths {
  const every = (bits: Truths): boolean => operands.every(truths => (truths & bits) !== 0)
  const some = (bits: Truths): boolean => operands.some(truths => (truths & bits) !== 0)
  return (
    (some(MAY_FAIL) ? MAY_FAIL : 0) |
    (some(MAY_BE_ABSENT) && every(MAY_BE_ABSENT | MAY_HOLD) ? MAY_BE_ABSENT : 0) |
    (every(MAY_HOLD) ? MAY_HOLD : 0)
  )
}
