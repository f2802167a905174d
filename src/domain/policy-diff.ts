import type { PolicyDocument, Rule, RuleDiff } from './policy.ts'
import { checkPolicy } from './policy-check.ts'
import { type Refusal, type Result, refuse } from './refusal.ts'
import type { Json } from './units.ts'

/**
 * The changes that make `candidate` out of `base`, in an order `applyDiffs` takes: parameters and conditions of kept rules as
 * updates, then whole rules removed, then whole rules added. A kept rule that differs in anything else (kind, names of
 * parameters, tune, approver, protection, rationale) is removed and added again under its id. The order of rules is no
 * change: the decision does not depend on it.
 */
export function diffPolicies(base: PolicyDocument, candidate: PolicyDocument): RuleDiff[] {
  const before = new Map(base.rules.map(rule => [rule.id, rule]))
  const after = new Map(candidate.rules.map(rule => [rule.id, rule]))
  const updates: RuleDiff[] = []
  const removals: RuleDiff[] = []
  const additions: RuleDiff[] = []
  for (const rule of base.rules) {
    const changed = after.get(rule.id)
    if (changed !== undefined && sameFrame(rule, changed)) updates.push(...updatesOf(rule, changed))
    else removals.push({ ...wholeRule(rule.id, 'remove'), from: rule, to: null })
  }
  for (const rule of candidate.rules) {
    const known = before.get(rule.id)
    if (known === undefined || !sameFrame(known, rule)) {
      additions.push({ ...wholeRule(rule.id, 'add'), from: null, to: rule })
    }
  }
  return [...updates, ...removals, ...additions]
}

const wholeRule = <Operation extends 'add' | 'remove'>(rule_id: string, operation: Operation) => ({
  rule_id,
  operation,
  field: 'rule',
  rationale: '',
})

/** Whether two rules differ at most in the values of parameters and in `when`. */
const sameFrame = (left: Rule, right: Rule): boolean => equalJson(frameOf(left), frameOf(right))

const frameOf = (rule: Rule): Json =>
  jsonOf({
    ...rule,
    when: '',
    ...(rule.params === undefined
      ? {}
      : { params: Object.fromEntries(Object.keys(rule.params).map(name => [name, 0])) }),
  })

function updatesOf(before: Rule, after: Rule): RuleDiff[] {
  const update = (field: string, from: string | number, to: string | number): RuleDiff[] =>
    from === to ? [] : [{ rule_id: before.id, operation: 'update', field, from, to, rationale: '' }]
  const params = Object.entries(before.params ?? {}).flatMap(([name, value]) =>
    update(name, value, after.params?.[name] as number),
  )
  return [...params, ...update('when', before.when, after.when)]
}

/**
 * Applies changes one after the other: kept rules stay where they are, added ones go to the end, and the result is checked as
 * a policy. Refuses `bad_input` where a change does not fit the rule it names, `invalid_policy` where the result is none.
 */
export function applyDiffs(base: PolicyDocument, diffs: readonly RuleDiff[]): Result<PolicyDocument> {
  let rules = base.rules
  for (const [index, diff] of diffs.entries()) {
    const applied = applyOne(rules, diff, index)
    if (!applied.ok) return applied
    rules = applied.value
  }
  const document = { ...base, rules }
  const checked = checkPolicy(document)
  return checked.ok ? { ok: true, value: document } : checked
}

function applyOne(rules: readonly Rule[], diff: RuleDiff, index: number): Result<readonly Rule[]> {
  const rule = rules.find(known => known.id === diff.rule_id)
  if (diff.operation === 'add') {
    if (diff.field !== 'rule' || !isRule(diff.to) || diff.from !== null) {
      return unfit(diff, index, 'an addition has field `rule`, `from` null and the rule in `to`')
    }
    if (diff.to.id !== diff.rule_id)
      return unfit(diff, index, `the added rule calls itself \`${diff.to.id}\``)
    if (rule !== undefined) return unfit(diff, index, 'the base already has a rule of that id')
    return { ok: true, value: [...rules, diff.to] }
  }
  if (rule === undefined) return unfit(diff, index, 'the base has no rule of that id')
  if (diff.operation === 'remove') {
    if (diff.field !== 'rule' || diff.to !== null) {
      return unfit(diff, index, 'a removal has field `rule` and `to` null')
    }
    if (!isRule(diff.from) || !equalJson(jsonOf(diff.from), jsonOf(rule))) {
      return unfit(diff, index, '`from` is not the rule of the base')
    }
    return { ok: true, value: rules.filter(known => known !== rule) }
  }
  const updated = updateOne(rule, diff, index)
  return updated.ok
    ? { ok: true, value: rules.map(known => (known === rule ? updated.value : known)) }
    : updated
}

function updateOne(rule: Rule, diff: RuleDiff, index: number): Result<Rule> {
  const { operation, field, from, to } = diff
  // Changes are also read back from files and tables that somebody may have edited.
  if (operation !== 'update') return unfit(diff, index, 'it is neither an addition, a removal nor an update')
  if (field === 'rule') return unfit(diff, index, 'a whole rule is changed by removing and adding it')
  const current = field === 'when' ? rule.when : ownParameter(rule, field)
  if (current === undefined) return unfit(diff, index, `the rule has no parameter \`${field}\``)
  if (from !== current) {
    return unfit(diff, index, `\`from\` is ${JSON.stringify(from)}, the base has ${JSON.stringify(current)}`)
  }
  if (typeof to !== typeof current) return unfit(diff, index, `\`to\` is no ${typeof current}`)
  if (typeof to === 'number' && !Number.isSafeInteger(to)) return unfit(diff, index, '`to` is no integer')
  if (field === 'when') return { ok: true, value: { ...rule, when: to as string } }
  return { ok: true, value: { ...rule, params: { ...rule.params, [field]: to as number } } }
}

const ownParameter = (rule: Rule, name: string): number | undefined =>
  rule.params !== undefined && Object.hasOwn(rule.params, name) ? rule.params[name] : undefined

const unfit = (
  diff: RuleDiff,
  index: number,
  why: string,
): { readonly ok: false; readonly refusal: Refusal } =>
  refuse(
    'bad_input',
    `change ${index + 1} (${diff.operation} \`${diff.field}\` of \`${diff.rule_id}\`) does not fit the base: ${why}`,
    'make the diff against the version it names, for example with `quotey policy diff`',
    { position: index, rule_id: diff.rule_id, operation: diff.operation, field: diff.field },
  )

const isRule = (value: RuleDiff['to']): value is Rule => typeof value === 'object' && value !== null

/** A rule is JSON by its shape; its optional keys keep TypeScript from seeing so. */
const jsonOf = (rule: Rule): Json => rule as unknown as Json

/** Equality of JSON values; the order of keys is none. */
function equalJson(left: Json, right: Json): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return left === right
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const one = left as { readonly [key: string]: Json }
  const other = right as { readonly [key: string]: Json }
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every(key => Object.hasOwn(other, key) && equalJson(one[key] as Json, other[key] as Json))
  )
}
