import { stringify } from 'yaml'
import type { PolicyDocument, Rule } from './policy.ts'

/** A policy document as YAML in the order people write it. Reading the text again gives the same document. */
export const policyYaml = (document: PolicyDocument): string =>
  stringify(
    { schema: document.schema, name: document.name, rules: document.rules.map(inReadingOrder) },
    { lineWidth: 0 },
  )

/** Keys in the order of the documentation; keys that were not written stay absent. */
function inReadingOrder(rule: Rule): Partial<Rule> {
  const order = ['id', 'kind', 'when', 'params', 'tune', 'protected', 'approver', 'rationale'] as const
  return Object.fromEntries(order.filter(key => rule[key] !== undefined).map(key => [key, rule[key]]))
}
