import { type AttributeName, type AttributeValue, evaluate } from '../../../domain/expression.ts'
import type { CheckedRule } from '../../../domain/policy.ts'
import type { Setting } from '../../../domain/tunables.ts'
import { Buckets } from './buckets.ts'
import { isDecided, type KnownValues } from './possible.ts'
import type { TunedRule } from './tuned-rule.ts'

/** Discounts lie in -10000..10000, margins in -100000..10000. */
export const DISCOUNT_MIN = -10_000
const DISCOUNT_MAX = 10_000
export const MARGIN_MIN = -100_000
const MARGIN_MAX = 10_000

/** How rows are told apart by what is decided on them. `margins` null: no rule reads the margin. */
export interface Grid {
  readonly grants: Uint16Array
  readonly margins: Uint16Array | null
  readonly marginCount: number
}

/** A rule and what it sets in a mask. */
export interface MaskedRule {
  readonly rule: TunedRule
  readonly bits: number
}

/** Tables of buckets by their constants: grids mostly share them. */
export type GridTables = Map<string, Uint16Array>

const MASKS_KEPT = 500

/** Rules of one kind over buckets of grant and margin: by cell of their grid, which of them hold. */
export class GridRules {
  readonly grid: Grid
  readonly #rules: readonly MaskedRule[]
  readonly #known: KnownValues
  readonly #grants: Buckets
  readonly #margins: Buckets | null
  /** By the values that the rules read. */
  readonly #masks = new Map<string, Int32Array>()
  readonly #truths = new Map<string, Uint8Array>()

  constructor(rules: readonly MaskedRule[], known: KnownValues, tables: GridTables) {
    this.#rules = rules
    this.#known = known
    this.#grants = new Buckets(constantsOf(rules, 'discount_bps'))
    this.#margins = marginsOf(rules, known.costKnown)
    this.grid = {
      grants: tableOf(this.#grants, DISCOUNT_MIN, DISCOUNT_MAX, tables),
      margins: this.#margins === null ? null : tableOf(this.#margins, MARGIN_MIN, MARGIN_MAX, tables),
      marginCount: this.#margins?.count ?? 1,
    }
  }

  masksAt(setting: Setting): Int32Array {
    const ofSetting = this.#rules.map(({ rule }) => rule.keyOf(setting)).join(';')
    const known = this.#masks.get(ofSetting)
    if (known !== undefined) return known
    const masks = new Int32Array(this.#grants.count * this.grid.marginCount)
    if (this.#masks.size >= MASKS_KEPT) this.#masks.clear()
    this.#masks.set(ofSetting, masks)
    for (const { rule, bits } of this.#rules) {
      const truths = this.#truthsAt(rule, setting)
      for (let cell = 0; cell < masks.length; cell += 1) {
        if (truths[cell] === 1) masks[cell] = (masks[cell] as number) | bits
      }
    }
    return masks
  }

  #truthsAt(rule: TunedRule, setting: Setting): Uint8Array {
    const at = rule.at(setting)
    const key = `${at.id} ${rule.keyOf(setting)}`
    let truths = this.#truths.get(key)
    if (truths === undefined) {
      truths = this.#truthsOf(rule, at)
      this.#truths.set(key, truths)
    }
    return truths
  }

  /** By cell of the grid, whether the rule holds there, for a floor whether it is undercut. */
  #truthsOf(rule: TunedRule, at: CheckedRule): Uint8Array {
    const { grid } = this
    const [grants, margins] = [this.#grants, this.#margins]
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

const constantsOf = (rules: readonly MaskedRule[], name: AttributeName): number[] =>
  rules.flatMap(({ rule }) =>
    rule.atoms
      .filter(({ attribute }) => attribute === name && isDecided(rule, attribute))
      .flatMap(atom => atom.constants.filter(constant => typeof constant === 'number')),
  )

function marginsOf(rules: readonly MaskedRule[], costKnown: boolean): Buckets | null {
  const floors = rules.filter(({ rule }) => rule.kind === 'margin_floor')
  const readsMargin =
    floors.length > 0 ||
    rules.some(({ rule }) => rule.atoms.some(({ attribute }) => attribute === 'margin_bps'))
  if (!costKnown || !readsMargin) return null
  return new Buckets([...constantsOf(rules, 'margin_bps'), ...floors.flatMap(({ rule }) => rule.limits)])
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
