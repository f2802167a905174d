import { type AttributeName, type AttributeValue, evaluate } from '../../../domain/expression.ts'
import type { CheckedRule } from '../../../domain/policy.ts'
import type { Setting } from '../../../domain/tunables.ts'
import { Buckets } from './buckets.ts'
import { isDecided, type KnownValues, MAY_HOLD, possibleTruths } from './possible.ts'
import type { TunedRule } from './tuned-rule.ts'

/** Discounts lie in -10000..10000, margins in -100000..10000. */
export const DISCOUNT_MIN = -10_000
const DISCOUNT_MAX = 10_000
export const MARGIN_MIN = -100_000
const MARGIN_MAX = 10_000

/** What a setting does to rows of one class: a cap, and by bucket of grant and margin who signs and what is violated. */
export interface Outcome {
  /** Infinity where no cap matches. */
  readonly capBps: number
  /** Bit 0: needs an approval; further bits: by approver. */
  readonly approvals: Int32Array
  /** A bit for each rule violated. */
  readonly violations: Int32Array
}

/** How rows are told apart by what is decided on them. `margins` null: no rule reads the margin. */
export interface Grid {
  readonly grants: Uint16Array
  readonly margins: Uint16Array | null
  readonly marginCount: number
}

/** Rules of one kind that may matter in a class, over their grid. */
interface RulesOnGrid {
  readonly rules: readonly { readonly rule: TunedRule; readonly bit: number }[]
  readonly grants: Buckets
  readonly margins: Buckets | null
  readonly grid: Grid
  /** Masks by the values that the rules read. */
  readonly known: Map<string, Int32Array>
}

/** Tables of buckets by their constants: classes mostly share them. */
export type GridTables = Map<string, Uint16Array>

const MASKS_KEPT = 500

/** The rules as they act on rows that no setting tells apart but by request, list price and cost. */
export class ClassRules {
  readonly approvals: RulesOnGrid
  readonly violations: RulesOnGrid
  /** Places of the tunables that can matter here. */
  readonly places: readonly number[]
  readonly #caps: readonly TunedRule[]
  readonly #known: KnownValues
  readonly #truths = new Map<string, Uint8Array>()

  constructor(
    rules: readonly TunedRule[],
    approvers: readonly string[],
    known: KnownValues,
    tables: GridTables,
  ) {
    const alive = rules.filter(rule => (possibleTruths(rule, known) & MAY_HOLD) !== 0)
    const signs = (rule: TunedRule): boolean => rule.kind === 'approval'
    const violates = (rule: TunedRule): boolean => rule.kind === 'margin_floor' || rule.kind === 'prohibit'
    this.#known = known
    this.#caps = alive.filter(rule => rule.kind === 'discount_cap')
    this.approvals = onGrid(alive.filter(signs), known.costKnown, tables, rule =>
      rule.approver === null ? 1 : 1 | (2 << approvers.indexOf(rule.approver)),
    )
    this.violations = onGrid(
      alive.filter(violates),
      known.costKnown,
      tables,
      rule => 1 << rules.indexOf(rule),
    )
    this.places = [...new Set(alive.flatMap(rule => rule.places))].sort((left, right) => left - right)
  }

  keyOf(setting: Setting): string {
    let key = ''
    for (const place of this.places) key += `${setting[place]},`
    return key
  }

  at(setting: Setting): Outcome {
    return {
      capBps: this.#capAt(setting),
      approvals: this.#masks(this.approvals, setting),
      violations: this.#masks(this.violations, setting),
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

  #masks(on: RulesOnGrid, setting: Setting): Int32Array {
    const { rules, grid, grants } = on
    const ofSetting = rules.map(({ rule }) => rule.keyOf(setting)).join(';')
    const known = on.known.get(ofSetting)
    if (known !== undefined) return known
    const masks = new Int32Array(grants.count * grid.marginCount)
    if (on.known.size >= MASKS_KEPT) on.known.clear()
    on.known.set(ofSetting, masks)
    for (const { rule, bit } of rules) {
      const key = `${rule.at(setting).id} ${rule.keyOf(setting)}`
      let truths = this.#truths.get(key)
      if (truths === undefined) {
        truths = this.#truthsOf(rule, on, rule.at(setting))
        this.#truths.set(key, truths)
      }
      for (let cell = 0; cell < masks.length; cell += 1) {
        if (truths[cell] === 1) masks[cell] = (masks[cell] as number) | bit
      }
    }
    return masks
  }

  /** By cell of the grid, whether the rule holds there, for a floor whether it is undercut. */
  #truthsOf(rule: TunedRule, { grid, grants, margins }: RulesOnGrid, at: CheckedRule): Uint8Array {
    const truths = new Uint8Array(grants.count * grid.marginCount)
    const readsGrant = rule.atoms.some(({ attribute }) => attribute === 'discount_bps')
    const holds = (discountBps: number, marginBps: number | null): boolean =>
      evaluate(at.condition, attribute => this.#valueOf(attribute, discountBps, marginBps)) === true &&
      (at.kind !== 'margin_floor' || (marginBps !== null && marginBps < (at.limitBps as number)))
    for (let grant = 0; grant < grants.count; grant += 1) {
      const from = grant * grid.marginCount
      if (grant > 0 && !readsGrant) {
        truths.copyWithin(from, 0, grid.marginCount)
        continue
      }
      for (let margin = 0; margin < grid.marginCount; margin += 1) {
        const marginBps = margins === null ? null : margins.valueIn(margin)
        truths[from + margin] = holds(grants.valueIn(grant), marginBps) ? 1 : 0
      }
    }
    return truths
  }

  #valueOf(attribute: AttributeName, discountBps: number, marginBps: number | null): AttributeValue {
    if (attribute === 'discount_bps') return discountBps
    return attribute === 'margin_bps' ? marginBps : this.#known.valueOf(attribute)
  }
}

function onGrid(
  rules: readonly TunedRule[],
  costKnown: boolean,
  tables: GridTables,
  bitOf: (rule: TunedRule) => number,
): RulesOnGrid {
  const constants = (name: AttributeName): number[] =>
    rules.flatMap(rule =>
      rule.atoms
        .filter(({ attribute }) => attribute === name && isDecided(rule, attribute))
        .flatMap(atom => atom.constants.filter(constant => typeof constant === 'number')),
    )
  const floors = rules.filter(rule => rule.kind === 'margin_floor')
  const grants = new Buckets(constants('discount_bps'))
  const readsMargin =
    floors.length > 0 || rules.some(rule => rule.atoms.some(({ attribute }) => attribute === 'margin_bps'))
  const margins =
    costKnown && readsMargin
      ? new Buckets([...constants('margin_bps'), ...floors.flatMap(rule => rule.limits)])
      : null
  return {
    rules: rules.map(rule => ({ rule, bit: bitOf(rule) })),
    grants,
    margins,
    grid: {
      grants: tableOf(grants, DISCOUNT_MIN, DISCOUNT_MAX, tables),
      margins: margins === null ? null : tableOf(margins, MARGIN_MIN, MARGIN_MAX, tables),
      marginCount: margins?.count ?? 1,
    },
    known: new Map(),
  }
}

function tableOf(buckets: Buckets, from: number, to: number, tables: GridTables): Uint16Array {
  const key = `${from} ${buckets.key}`
  let table = tables.get(key)
  if (table === undefined) {
    table = buckets.table(from, to)
    tables.set(key, table)
  }
  return table
}
