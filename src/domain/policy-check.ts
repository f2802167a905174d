import { MARGIN_BPS_MIN } from './arithmetic.ts'
import { compileCondition } from './cel.ts'
import type { ConditionFaultCode } from './condition-fault.ts'
import type { CheckedPolicy, CheckedRule, PolicyDocument, Rule, RuleKind } from './policy.ts'
import { type Refusal, type Result, refuse } from './refusal.ts'
import type { Bps } from './units.ts'

/** A place in a document: the keys that lead there, and how far into the text that stands there. */
export interface DocumentPlace {
  readonly path: readonly (string | number)[]
  /** UTF-16 units into the value's text, 0 where the whole value is meant. */
  readonly offset: number
}

export type PolicyFaultCode =
  | ConditionFaultCode
  | 'alias'
  | 'approver_not_on_approval'
  | 'duplicate_id'
  | 'duplicate_key'
  | 'limit_missing'
  | 'parameter_out_of_bounds'
  | 'reserved_parameter'
  | 'shape'
  | 'too_many_rules'
  | 'tune_off_step'
  | 'tune_step_too_small'
  | 'tune_unknown_parameter'
  | 'unused_parameter'

/** One thing wrong with a policy. */
export interface PolicyFault {
  readonly code: PolicyFaultCode
  readonly message: string
  readonly rule_id: string | null
  readonly place: DocumentPlace
}

/** A fault as people and scripts see it. Line and column count from 1; null where the policy did not come as text. */
export type PolicyFinding = {
  readonly code: PolicyFaultCode
  readonly message: string
  readonly line: number | null
  readonly column: number | null
  readonly rule_id: string | null
}

/** The parameter that carries a rule's effect, with the bounds it must keep. */
export const LIMIT_OF_KIND: Readonly<
  Partial<Record<RuleKind, { readonly parameter: string; readonly min: Bps; readonly max: Bps }>>
> = {
  discount_cap: { parameter: 'cap_bps', min: -10_000, max: 10_000 },
  margin_floor: { parameter: 'floor_bps', min: MARGIN_BPS_MIN, max: 10_000 },
}

/** Two policies of so many rules are one statement that DuckDB still reads, in some seconds. */
const RULES_MAX = 300

/** What `field` of a diff means besides the name of a parameter. */
const RESERVED_NAMES: readonly string[] = ['when', 'rule']

/**
 * Checks a policy of the right shape: conditions in the fragment, unique ids, parameters known, used and within their bounds.
 * Refuses `invalid_policy` with every fault among the facts.
 */
export function checkPolicy(document: PolicyDocument): Result<CheckedPolicy> {
  const examined = examinePolicy(document)
  if (examined.faults.length === 0) return { ok: true, value: examined.policy }
  return invalidPolicy(
    examined.faults.map(({ code, message, rule_id, place }) => ({
      code,
      message: place.offset === 0 ? message : `${message} (${place.offset} characters into the condition)`,
      line: null,
      column: null,
      rule_id,
    })),
  )
}

export const invalidPolicy = (
  findings: readonly PolicyFinding[],
): { readonly ok: false; readonly refusal: Refusal } =>
  refuse(
    'invalid_policy',
    findings.length === 1
      ? `the policy has a fault: ${(findings[0] as PolicyFinding).message}`
      : `the policy has ${findings.length} faults`,
    'correct what the findings name and run `quotey policy check` again',
    { findings },
  )

/** All faults of a document, each with its place, and the policy as far as it passed. */
export function examinePolicy(document: PolicyDocument): {
  readonly policy: CheckedPolicy
  readonly faults: readonly PolicyFault[]
} {
  const faults: PolicyFault[] = []
  const rules: CheckedRule[] = []
  const seen = new Set<string>()
  if (document.rules.length > RULES_MAX) {
    faults.push({
      code: 'too_many_rules',
      message: `the policy has ${document.rules.length} rules, at most ${RULES_MAX} can be replayed`,
      rule_id: null,
      place: { path: ['rules'], offset: 0 },
    })
  }
  document.rules.forEach((rule, index) => {
    const report = faultReporter(rule, index, faults)
    if (seen.has(rule.id)) {
      report('duplicate_id', `the id \`${rule.id}\` is taken by an earlier rule`, ['id'])
    }
    seen.add(rule.id)
    if (rule.approver !== undefined && rule.kind !== 'approval') {
      report('approver_not_on_approval', `only an approval has an approver, not a \`${rule.kind}\``, [
        'approver',
      ])
    }
    checkLimit(rule, report)
    checkTune(rule, report)
    const checked = checkCondition(rule, report)
    if (checked !== null) rules.push(checked)
  })
  return { policy: { document, rules }, faults }
}

type Report = (
  code: PolicyFaultCode,
  message: string,
  path: readonly (string | number)[],
  offset?: number,
) => void

const faultReporter =
  (rule: Rule, index: number, faults: PolicyFault[]): Report =>
  (code, message, path, offset = 0) => {
    faults.push({ code, message, rule_id: rule.id, place: { path: ['rules', index, ...path], offset } })
  }

function checkCondition(rule: Rule, report: Report): CheckedRule | null {
  const params = rule.params ?? {}
  const condition = compileCondition(rule.when, rule.kind, params)
  if (condition.kind === 'fault') {
    report(condition.code, condition.message, ['when'], condition.offset)
    return null
  }
  const limit = LIMIT_OF_KIND[rule.kind]?.parameter
  for (const name of Object.keys(params)) {
    if (RESERVED_NAMES.includes(name)) {
      report(
        'reserved_parameter',
        `no parameter can be called \`${name}\`: a diff means something else by it`,
        ['params', name],
      )
    } else if (name !== limit && !condition.usedParameters.has(name)) {
      report('unused_parameter', `nothing uses the parameter \`${name}\``, ['params', name])
    }
  }
  return {
    id: rule.id,
    kind: rule.kind,
    condition: condition.expression,
    limitBps: limit === undefined ? null : (params[limit] ?? null),
    approver: rule.approver ?? null,
    protected: rule.protected ?? false,
  }
}

function checkLimit(rule: Rule, report: Report): void {
  const limit = LIMIT_OF_KIND[rule.kind]
  if (limit === undefined) return
  const value = rule.params?.[limit.parameter]
  if (value === undefined) {
    report('limit_missing', `a \`${rule.kind}\` needs the parameter \`${limit.parameter}\``, [])
  } else if (value < limit.min || value > limit.max) {
    report(
      'parameter_out_of_bounds',
      `\`${limit.parameter}\` is \`${value}\`, outside ${limit.min}..${limit.max}`,
      ['params', limit.parameter],
    )
  }
}

/** The tune range is a promise to the optimizer: min <= value <= max, the value on a step, limits within their bounds. */
function checkTune(rule: Rule, report: Report): void {
  for (const [name, range] of Object.entries(rule.tune ?? {})) {
    const value = rule.params?.[name]
    const limit = LIMIT_OF_KIND[rule.kind]
    const bounds = limit?.parameter === name ? limit : null
    const path = ['tune', name]
    if (value === undefined) {
      report('tune_unknown_parameter', `the rule has no parameter \`${name}\` to tune`, path)
    } else if (range.step < 1) {
      report('tune_step_too_small', `the step of \`${name}\` is \`${range.step}\`, below 1`, path)
    } else if (value < range.min || value > range.max) {
      report(
        'parameter_out_of_bounds',
        `\`${name}\` is \`${value}\`, outside its range ${range.min}..${range.max}`,
        path,
      )
    } else if ((value - range.min) % range.step !== 0) {
      report(
        'tune_off_step',
        `\`${name}\` is \`${value}\`, which steps of ${range.step} from ${range.min} never reach`,
        path,
      )
    } else if (bounds !== null && (range.min < bounds.min || range.max > bounds.max)) {
      report('parameter_out_of_bounds', `the range of \`${name}\` leaves ${bounds.min}..${bounds.max}`, path)
    }
  }
}
