import { evaluate } from '../../../domain/expression.ts'
import type { Setting } from '../../../domain/tunables.ts'
import { GridRules, type GridTables, type MaskedRule } from './grid-rules.ts'
import { isDecided, type KnownValues, MAY_HOLD, possibleTruths } from './possible.ts'
import type { TunedAtom, TunedRule } from './tuned-rule.ts'

/** What a setting does to rows of one class: a cap, and by bucket of grant and margin who signs and what is violated. */
export interface Outcome {
  /** Infinity where no cap matches. */
  readonly capBps: number
  /** Bit 0: needs an approval; further bits: by approver. */
  readonly approvals: Int32Array
  /** A bit for each rule violated. */
  readonly violations: Int32Array
}

/** The rules of a policy, and what classes share in which they mean the same. */
export class PolicyRules {
  readonly rules: readonly TunedRule[]
  readonly #approvers: readonly string[]
  readonly #grids = new Map<string, GridRules>()
  readonly #tables: GridTables = new Map()

  constructor(rules: readonly TunedRule[], approvers: readonly string[]) {
    this.rules = rules
    this.#approvers = approvers
  }

  /** Approval rules over their grid. */
  signing(rules: readonly TunedRule[], known: KnownValues): GridRules {
    const bitsOf = ({ approver }: TunedRule): number =>
      approver === null ? 1 : 1 | (2 << this.#approvers.indexOf(approver))
    return this.#onGrid(
      rules.flatMap(rule => (rule.kind === 'approval' ? [{ rule, bits: bitsOf(rule) }] : [])),
      known,
    )
  }

  /** Floors and prohibitions over their grid. */
  violated(rules: readonly TunedRule[], known: KnownValues): GridRules {
    const violates = ({ kind }: TunedRule): boolean => kind === 'margin_floor' || kind === 'prohibit'
    return this.#onGrid(
      rules.flatMap(rule => (violates(rule) ? [{ rule, bits: 1 << this.rules.indexOf(rule) }] : [])),
      known,
    )
  }

  #onGrid(rules: readonly MaskedRule[], known: KnownValues): GridRules {
    const meanings = rules.map(({ rule }) => `${this.rules.indexOf(rule)}:${meaningOf(rule, known)}`)
    const key = `${known.costKnown} ${meanings.join(';')}`
    let grid = this.#grids.get(key)
    if (grid === undefined) {
      grid = new GridRules(rules, known, this.#tables)
      this.#grids.set(key, grid)
    }
    return grid
  }
}

/** The rules as they act on rows that no setting tells apart but by request, list price and cost. */
export class ClassRules {
  readonly approvals: GridRules
  readonly violations: GridRules
  /** Places of the tunables that can matter here. */
  readonly places: readonly number[]
  readonly #caps: readonly TunedRule[]
  readonly #known: KnownValues

  constructor(policy: PolicyRules, known: KnownValues) {
    const alive = policy.rules.filter(rule => (possibleTruths(rule, known) & MAY_HOLD) !== 0)
    this.#known = known
    this.#caps = alive.filter(rule => rule.kind === 'discount_cap')
    this.approvals = policy.signing(alive, known)
    this.violations = policy.violated(alive, known)
    this.places = [...new Set(alive.flatMap(rule => rule.places))].sort((left, right) => left - right)
  }

  at(setting: Setting): Outcome {
    return {
      capBps: this.#capAt(setting),
      approvals: this.approvals.masksAt(setting),
      violations: this.violations.masksAt(setting),
    }
  }

  #capAt(setting: Setting): number {
    let cap = Number.POSITIVE_INFINITY
    for (const rule of this.#caps) {
      const { condition, limitBps } = rule.at(setting)
      if (limitBps === null || limitBps >= cap) continue
      if (evaluate(condition, attribute => this.#known.valueOf(attribute)) === true) cap = limitBps
    }
    return cap
  }
}

/** Equal where every comparison of what is known has the same truth at every setting. */
const meaningOf = (rule: TunedRule, known: KnownValues): string =>
  rule.atoms.map(atom => (isDecided(rule, atom.attribute) ? '' : atomMeaning(atom, known))).join()

function atomMeaning({ attribute, atom, constants, moves }: TunedAtom, known: KnownValues): string {
  const value = known.valueOf(attribute)
  if (!moves) return String(evaluate(atom, () => value))
  if (typeof value !== 'number') return JSON.stringify(value)
  const below = constants.filter(constant => typeof constant === 'number' && constant < value).length
  return `${below}${constants.includes(value) ? '=' : ''}`
}
