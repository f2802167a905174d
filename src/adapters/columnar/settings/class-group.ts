import type { Setting } from '../../../domain/tunables.ts'
import type { CandidateLayout } from '../layout.ts'
import type { ClassMove } from './class-move.ts'
import type { ClassRules, Outcome } from './class-rules.ts'
import type { ClassLayout } from './class-vector.ts'
import type { RowClass } from './setting-runs.ts'
import { addClass, type ClassPlace } from './setting-sums.ts'

export interface ClassAtWork {
  readonly rows: RowClass
  readonly rules: ClassRules
  readonly place: ClassPlace
}

/** Classes in which the same tunables can matter: their sums together hang on the values of these alone. */
export interface ClassGroup {
  /** Places of the tunables. */
  readonly places: readonly number[]
  readonly classes: readonly ClassAtWork[]
}

/** Classes in which no tunable matters are in no group. */
export function groupsOf(classes: readonly ClassAtWork[]): readonly ClassGroup[] {
  const groups = new Map<string, { places: readonly number[]; classes: ClassAtWork[] }>()
  for (const each of classes) {
    const { places } = each.rules
    if (places.length === 0) continue
    const key = places.join()
    const group = groups.get(key) ?? { places, classes: [] }
    groups.set(key, group)
    group.classes.push(each)
  }
  return [...groups.values()]
}

/** A class between two settings: what its sums hold, and where the next setting is reached from. */
interface ClassState {
  readonly each: ClassAtWork
  readonly base: Outcome
  was: Outcome
  readonly sums: Float64Array
}

/** Sums of a group against one base, as cells of a candidate: those of the settings asked so far. */
export class GroupChain {
  readonly #group: ClassGroup
  readonly #layouts: { readonly candidate: CandidateLayout; readonly class: ClassLayout }
  readonly #baseKey: string
  readonly #states: readonly ClassState[]
  readonly #known = new Map<string, Float64Array>()

  constructor(
    group: ClassGroup,
    from: Setting,
    layouts: { readonly candidate: CandidateLayout; readonly class: ClassLayout },
  ) {
    this.#group = group
    this.#layouts = layouts
    this.#baseKey = this.#keyOf(from)
    this.#states = group.classes.map(each => {
      const base = each.rules.at(from)
      return { each, base, was: base, sums: new Float64Array(layouts.class.cells) }
    })
  }

  get kept(): number {
    return this.#known.size
  }

  forget(): void {
    this.#known.clear()
  }

  /** null where nothing differs. Sums of cents are carried class by class, so that some thousand of them add up. */
  cellsAt(setting: Setting, move: ClassMove): Float64Array | null {
    const key = this.#keyOf(setting)
    if (key === this.#baseKey) return null
    let cells = this.#known.get(key)
    if (cells !== undefined) return cells
    cells = new Float64Array(this.#layouts.candidate.cells)
    for (const state of this.#states) {
      const { rows, rules, place } = state.each
      const is = rules.at(setting)
      move.carry(state.sums, rows, rules, { base: state.base, was: state.was, is })
      state.was = is
      addClass(cells, this.#layouts.candidate, state.sums, this.#layouts.class, place)
    }
    this.#known.set(key, cells)
    return cells
  }

  #keyOf(setting: Setting): string {
    let key = ''
    for (const place of this.#group.places) key += `${setting[place]},`
    return key
  }
}
