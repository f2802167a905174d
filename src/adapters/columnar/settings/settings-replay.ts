import type { CheckedPolicy } from '../../../domain/policy.ts'
import { checkPolicy } from '../../../domain/policy-check.ts'
import type { SettingSums, SettingsReplay, SettingsTask } from '../../../domain/settings.ts'
import { currentSetting, type Setting, withSetting } from '../../../domain/tunables.ts'
import type { Naming } from '../assemble.ts'
import { effectIndexOf } from '../effect-index.ts'
import { baseLayout, candidateLayout } from '../layout.ts'
import { Partition } from '../partition.ts'
import { planOf } from '../plan.ts'
import { ResponseTables } from '../response-tables.ts'
import type { PreparedSnapshot } from '../snapshot.ts'
import { baseSums } from './base-sums.ts'
import { type ClassAtWork, type ClassGroup, GroupChain, groupsOf } from './class-group.ts'
import { ClassMove } from './class-move.ts'
import { ClassRules, PolicyRules } from './class-rules.ts'
import { type ClassLayout, classLayout } from './class-vector.ts'
import { distinctQuotes } from './distinct-quotes.ts'
import { PricedRuns } from './priced-runs.ts'
import { type SettingRuns, settingRuns } from './setting-runs.ts'
import { rebased, settingSumsOf } from './setting-sums.ts'
import { TunedRule } from './tuned-rule.ts'
import { WinCache } from './win-cache.ts'

/** Bits of a mask of rules, and of approvers beside the one that says an approval is needed. */
const RULES_MAX = 31
const APPROVERS_MAX = 30
/** More classes than this would pass 2^53 in cents before they are carried, and gain little. */
const CLASSES_MAX = 4_000
/** Sums of groups of classes kept, half as many as there ever are; some 13 kilobytes each with a model of 33 fits. */
const SUMS_KEPT = 6_000

/**
 * Rows fall into classes that differ in which rules and tunables can matter to them. A class's sums hang on the values of its
 * own tunables alone and are kept, so that settings share them; a new one is carried over from the last, looking only at rows
 * whose decision differs.
 * null where the policy has more rules or approvers than a mask has bits, or tells apart too many classes.
 */
export function replaySettings(task: SettingsTask, snapshot: PreparedSnapshot): SettingsReplay | null {
  const approvers = new Set(task.base.rules.flatMap(rule => rule.approver ?? []))
  if (task.base.rules.length > RULES_MAX || approvers.size > APPROVERS_MAX) return null
  const replay = new ClassedSettings(task, snapshot, [...approvers])
  return replay.classes > CLASSES_MAX ? null : replay
}

class ClassedSettings implements SettingsReplay {
  readonly #task: SettingsTask
  readonly #snapshot: PreparedSnapshot
  readonly #runs: SettingRuns
  readonly #layout: ClassLayout
  readonly #naming: Naming
  readonly #move: ClassMove
  readonly #classes: readonly ClassAtWork[]
  readonly #current: Setting
  readonly #base: Float64Array
  /** Places of all tunables, those first of which a step looks at most rows. */
  readonly #costlyFirst: readonly number[]
  /** Used again for each setting. */
  readonly #cellsOfNone: Float64Array
  readonly #groups: readonly ClassGroup[]
  /** Against the policy as it stands. */
  readonly #chains: readonly GroupChain[]

  constructor(task: SettingsTask, snapshot: PreparedSnapshot, approvers: readonly string[]) {
    const { base, tunables, model } = task
    const rules = base.document.rules.map(rule => new TunedRule(base.document, rule, tunables))
    const distinct = distinctQuotes(snapshot)
    const { quotes } = distinct
    const response = model === null ? null : new ResponseTables(model, quotes)
    const fits = model?.fits.length ?? 0
    this.#task = task
    this.#snapshot = snapshot
    this.#runs = settingRuns(distinct, rules, response)
    this.#layout = classLayout(fits)
    const wins = response === null ? null : new WinCache(response, this.#layout.responses, this.#runs.cells)
    const priced = new PricedRuns(this.#runs)
    this.#move = new ClassMove(quotes, this.#runs, priced, this.#layout, wins)
    this.#current = currentSetting(tunables)
    const places = tunables.map((_, place) => place)
    const costOf = (place: number): number => Math.max(...rules.map(rule => carryingCost(rule, place)))
    this.#costlyFirst = places.toSorted((left, right) => costOf(right) - costOf(left))
    const thin = new Set(model?.thin_segments ?? [])
    const policy = new PolicyRules(rules, approvers)
    this.#classes = this.#runs.classes.map(rows => {
      const classRules = new ClassRules(policy, rows.known)
      const segment = quotes.segment.codes[rows.row] as number
      return {
        rows,
        rules: classRules,
        place: {
          segment,
          region: quotes.region.codes[rows.row] as number,
          thin: thin.has(snapshot.segment.keys[segment] as string),
        },
      }
    })
    const [segments, regions] = [snapshot.segment.keys, snapshot.region.keys]
    const { ruleIds } = effectIndexOf([base])
    const shape = { segments: segments.length, regions: regions.length, rules: ruleIds.length, fits }
    this.#naming = {
      segments,
      regions,
      ruleIds,
      fits: model === null ? null : fits,
      latenciesKnown: snapshot.latency !== null,
      baseLayout: baseLayout(segments.length, regions.length),
      layout: candidateLayout(shape),
    }
    this.#cellsOfNone = new Float64Array(this.#naming.layout.cells)
    this.#groups = groupsOf(this.#classes)
    this.#chains = this.#chainsFrom(this.#current)
    this.#base =
      this.#runs.unsettled === null
        ? baseSums(
            this.#naming.baseLayout,
            quotes,
            this.#runs,
            priced,
            this.#classes.map(each => ({ ...each, outcome: each.rules.at(this.#current) })),
          )
        : this.#replayed(this.#current, [], everyRow(snapshot.rows)).base
  }

  get classes(): number {
    return this.#classes.length
  }

  sums(settings: readonly Setting[], against: Setting | null): readonly SettingSums[] {
    const from = against ?? this.#current
    const base = against === null ? this.#base : this.#baseAt(against)
    const chains = against === null ? this.#chains : this.#chainsFrom(against)
    const found: SettingSums[] = []
    const together = Math.max(1, Math.floor(SUMS_KEPT / Math.max(1, chains.length)))
    for (let at = 0; at < settings.length; at += together) {
      const part = settings.slice(at, at + together)
      this.#reach(part, chains)
      for (const setting of part)
        found.push(settingSumsOf(this.#naming, base, this.#cells(setting, from, chains)))
    }
    return found
  }

  /** Has the chains know the sums of settings, in an order in which costly steps are few. */
  #reach(settings: readonly Setting[], chains: readonly GroupChain[]): void {
    if (chains.reduce((kept, chain) => kept + chain.kept, 0) > SUMS_KEPT) {
      for (const chain of chains) chain.forget()
    }
    const order = settings.toSorted((left, right) => {
      const at = this.#costlyFirst.find(place => left[place] !== right[place])
      return at === undefined ? 0 : (left[at] as number) - (right[at] as number)
    })
    for (const chain of chains) {
      for (const setting of order) chain.cellsAt(setting, this.#move)
    }
  }

  meet(left: number, right: number): boolean {
    const both = ({ places }: ClassGroup): boolean => places.includes(left) && places.includes(right)
    return this.#runs.unsettled !== null || this.#groups.some(both)
  }

  #chainsFrom(base: Setting): readonly GroupChain[] {
    const layouts = { candidate: this.#naming.layout, class: this.#layout }
    return this.#groups.map(group => new GroupChain(group, base, layouts))
  }

  /** Cells of a setting as a candidate against another one, where `chains` begin. */
  #cells(setting: Setting, from: Setting, chains: readonly GroupChain[]): Float64Array {
    const cells = this.#unsettledCells(setting, from)
    for (const chain of chains) {
      const sums = chain.cellsAt(setting, this.#move)
      if (sums === null) continue
      for (let cell = 0; cell < cells.length; cell += 1) {
        cells[cell] = (cells[cell] as number) + (sums[cell] as number)
      }
    }
    return cells
  }

  /** Rows whose replayability hangs on the setting are replayed policy against policy. */
  #unsettledCells(setting: Setting, from: Setting): Float64Array {
    const { unsettled } = this.#runs
    if (unsettled === null) return this.#cellsOfNone.fill(0)
    const [candidate] = this.#replayed(from, [setting], unsettled).candidates
    return (candidate as { cells: Float64Array }).cells
  }

  #baseAt(setting: Setting): Float64Array {
    if (this.#runs.unsettled !== null) return this.#replayed(setting, [], everyRow(this.#snapshot.rows)).base
    const cells = this.#cells(setting, this.#current, this.#chains)
    return rebased(this.#base, this.#naming.baseLayout, cells, this.#naming.layout)
  }

  #replayed(base: Setting, candidates: readonly Setting[], inScope: Uint8Array) {
    const { model } = this.#task
    const task = {
      base: this.#policyAt(base),
      candidates: candidates.map(setting => this.#policyAt(setting)),
      model: candidates.length === 0 ? null : model,
      inScope,
    }
    const partition = new Partition(planOf(task, this.#snapshot))
    partition.run(0, this.#snapshot.rows)
    return partition.sums()
  }

  #policyAt(setting: Setting): CheckedPolicy {
    const { base, tunables } = this.#task
    const checked = checkPolicy(withSetting(base.document, tunables, setting))
    if (!checked.ok) throw new Error(`a declared range leads to no policy: ${checked.refusal.message}`)
    return checked.value
  }
}

/** A step of a cap prices rows, one of a bound on margins looks at all rows of its classes, any other at some runs alone. */
function carryingCost(rule: TunedRule, place: number): number {
  if (!rule.places.includes(place)) return 0
  if (rule.kind === 'discount_cap') return 3
  const readsMargin = rule.atoms.some(({ attribute }) => attribute === 'margin_bps')
  return rule.kind === 'margin_floor' || readsMargin ? 2 : 1
}

const everyRow = (rows: number): Uint8Array => new Uint8Array(rows).fill(1)
