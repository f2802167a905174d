import type { Expression } from './expression.ts'
import type { CheckedRule } from './policy.ts'

/** When a rule stops something: an approval and a prohibition by matching, a limit by being passed. */
export function stopping(rule: CheckedRule): Expression {
  const limit = rule.limitBps ?? 0
  switch (rule.kind) {
    case 'discount_cap':
      return all(ofRequest(rule.condition), {
        kind: 'comparison',
        attribute: 'requested_discount_bps',
        operator: '>',
        value: limit,
      })
    case 'margin_floor':
      return all(rule.condition, { kind: 'comparison', attribute: 'margin_bps', operator: '<', value: limit })
    case 'approval':
    case 'prohibit':
      return rule.condition
  }
}

/** When a guard stops what `rule` stops, null if it never does. */
export function guarding(rule: CheckedRule, guard: CheckedRule): Expression | null {
  switch (rule.kind) {
    case 'discount_cap': {
      const asStrict = guard.kind === 'discount_cap' && (guard.limitBps ?? 0) <= (rule.limitBps ?? 0)
      return asStrict ? ofRequest(guard.condition) : null
    }
    case 'approval':
      return guard.kind === 'approval' && (rule.approver === null || rule.approver === guard.approver)
        ? guard.condition
        : null
    // Both count as violations, so one can stand in for the other.
    case 'margin_floor':
    case 'prohibit':
      return guard.kind === 'margin_floor' || guard.kind === 'prohibit' ? stopping(guard) : null
  }
}

const all = (...of: readonly Expression[]): Expression => ({ kind: 'and', of })

/** Inside a cap `discount_bps` is the requested discount. */
function ofRequest(expression: Expression): Expression {
  switch (expression.kind) {
    case 'constant':
      return expression
    case 'comparison':
    case 'membership':
      return expression.attribute === 'discount_bps'
        ? { ...expression, attribute: 'requested_discount_bps' }
        : expression
    case 'not':
      return { kind: 'not', of: ofRequest(expression.of) }
    case 'and':
    case 'or':
      return { kind: expression.kind, of: expression.of.map(ofRequest) }
  }
}
