import type { AttributeName, Expression } from '../../../domain/expression.ts'
import type { CheckedRule, PolicyDocument, Rule } from '../../../domain/policy.ts'
import { checkPolicy } from '../../../domain/policy-check.ts'
import { type Setting, type Tunable, valuesOf } from '../../../domain/tunables.ts'

/** A comparison of one attribute, with every constant that it is held against at some setting. */
export interface TunedAtom {
  readonly attribute: AttributeName
  readonly atom: Extract<Expression, { kind: 'comparison' | 'membership' }>
  readonly constants: readonly (string | number)[]
  /** Whether a tunable moves its constant. */
  readonly moves: boolean
}

/** A rule whose parameters settings move. */
export class TunedRule {
  readonly kind: Rule['kind']
  readonly approver: string | null
  /** Places of its tunables in a setting. */
  readonly places: readonly number[]
  readonly atoms: readonly TunedAtom[]
  /** Limits at all settings; empty where the rule has none. */
  readonly limits: readonly number[]
  /** Its condition at one setting; settings differ in the constants of atoms alone. */
  readonly pattern: Expression
  readonly #document: PolicyDocument
  readonly #rule: Rule
  readonly #tunables: readonly Tunable[]
  readonly #known = new Map<string, CheckedRule>()

  constructor(document: PolicyDocument, rule: Rule, tunables: readonly Tunable[]) {
    this.#document = document
    this.#rule = rule
    this.#tunables = tunables
    this.kind = rule.kind
    this.approver = rule.approver ?? null
    this.places = tunables.flatMap((tunable, at) => (tunable.ruleId === rule.id ? [at] : []))
    const current = tunables.map(tunable => tunable.current)
    const written = this.at(current)
    const constants = new Map<Expression, Set<string | number>>()
    const atoms = atomsOf(written.condition)
    const moving = new Set<Expression>()
    const limits = new Set<number>(written.limitBps === null ? [] : [written.limitBps])
    for (const atom of atoms) constants.set(atom, new Set(constantsOf(atom)))
    for (const place of this.places) {
      for (const value of valuesOf(tunables[place] as Tunable)) {
        const moved = this.at(current.with(place, value))
        if (moved.limitBps !== null) limits.add(moved.limitBps)
        for (const [at, atom] of atomsOf(moved.condition).entries()) {
          const original = atoms[at] as TunedAtom['atom']
          for (const constant of constantsOf(atom)) {
            const known = constants.get(original) as Set<string | number>
            if (!known.has(constant)) moving.add(original)
            known.add(constant)
          }
        }
      }
    }
    this.limits = [...limits]
    this.pattern = written.condition
    this.atoms = atoms.map(atom => ({
      attribute: atom.attribute,
      atom,
      constants: [...(constants.get(atom) as Set<string | number>)],
      moves: moving.has(atom),
    }))
  }

  /** The values of a setting that this rule reads, as a key. */
  keyOf(setting: Setting): string {
    return this.places.map(place => setting[place]).join()
  }

  at(setting: Setting): CheckedRule {
    const key = this.keyOf(setting)
    let rule = this.#known.get(key)
    if (rule === undefined) {
      rule = this.#checked(setting)
      this.#known.set(key, rule)
    }
    return rule
  }

  #checked(setting: Setting): CheckedRule {
    const values = Object.fromEntries(
      this.places.map(place => [(this.#tunables[place] as Tunable).parameter, setting[place] as number]),
    )
    const { tune: _, ...rule } = this.#rule
    const tuned = this.places.length === 0 ? rule : { ...rule, params: { ...rule.params, ...values } }
    const checked = checkPolicy({ ...this.#document, rules: [tuned] })
    if (!checked.ok) throw new Error(`a declared range leads to no rule: ${checked.refusal.message}`)
    return checked.value.rules[0] as CheckedRule
  }
}

/** Comparisons from left to right. */
function atomsOf(expression: Expression): readonly TunedAtom['atom'][] {
  switch (expression.kind) {
    case 'constant':
      return []
    case 'not':
      return atomsOf(expression.of)
    case 'and':
    case 'or':
      return expression.of.flatMap(atomsOf)
    default:
      return [expression]
  }
}

const constantsOf = (atom: TunedAtom['atom']): readonly (string | number)[] =>
  atom.kind === 'membership' ? atom.values : [atom.value]
