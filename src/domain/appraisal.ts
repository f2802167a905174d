import type { MicroCents } from './judgement.ts'
import type { Setting } from './tunables.ts'

/** What the search must know of one setting.  */
export interface Appraisal {
  readonly setting: Setting
  /** The objective; null where it cannot be known. */
  readonly robustLowerMicroCents: MicroCents | null
  readonly pointMicroCents: MicroCents | null
  readonly winRateDeltaBps: number | null
  readonly approvalLoadDeltaBps: number | null
  readonly impacted: number
  /** Why it may not be proposed whatever its gain; null where it may. */
  readonly hindrance: Hindrance | null
}

/** Closed set, and the guardrail codes beside it. */
export type Hindrance =
  | 'nothing_impacted'
  | 'thin_segment'
  | 'extrapolated_too_much'
  | 'one_cohort_pays'
  | 'gain_unknown'
  | `guardrail:${string}`

/** Appraises settings against the base, or, with `against`, what they add to another setting. */
export type Appraise = (
  settings: readonly Setting[],
  against: Setting | null,
) => Promise<readonly Appraisal[]>

/** A setting whose every change adds a robust lower bound above zero to the others. */
export interface Proven {
  readonly appraisal: Appraisal
  readonly changes: readonly ProvenChange[]
}

/** `at` is the tunable's position, `added` what its change adds to the setting without it. */
export interface ProvenChange {
  readonly at: number
  readonly added: Appraisal
}

export interface Proposal extends Proven {
  readonly kind:
    | 'most_margin'
    | 'surest_margin'
    | 'fewest_approvals'
    | 'least_disturbance'
    | 'best_win_rate'
    | 'steady_approvals'
}

export interface NotProposed {
  readonly reason:
    | Hindrance
    | 'no_tunables'
    | 'too_many_tunables'
    | 'no_robust_gain'
    | 'change_not_proven_alone'
    | 'weaker_than_proposed'
  readonly count: number
}

/** Appraisals so far, each setting once, and the settings of which some change failed its own proof. */
export class KnownSettings {
  readonly unproven = new Set<string>()
  private readonly appraisals = new Map<string, Appraisal>()
  private readonly appraise: Appraise
  private readonly progress: (appraised: number) => void

  constructor(appraise: Appraise, progress: (appraised: number) => void) {
    this.appraise = appraise
    this.progress = progress
  }

  async of(settings: readonly Setting[]): Promise<readonly Appraisal[]> {
    const fresh = [...new Map(settings.map(setting => [keyOf(setting), setting]))].filter(
      ([key]) => !this.appraisals.has(key),
    )
    const appraised =
      fresh.length === 0
        ? []
        : await this.appraise(
            fresh.map(([, setting]) => setting),
            null,
          )
    fresh.forEach(([key], at) => {
      this.appraisals.set(key, appraised[at] as Appraisal)
    })
    this.progress(this.appraisals.size)
    return settings.map(setting => this.appraisals.get(keyOf(setting)) as Appraisal)
  }

  /** What each change of a setting adds to the setting without it, in the order of `places`. */
  async addedBy(
    setting: Setting,
    places: readonly number[],
    base: Setting,
  ): Promise<readonly ProvenChange[]> {
    const changes: ProvenChange[] = []
    for (const at of places) {
      const without = setting.with(at, base[at] as number)
      const [added] = await this.appraise([setting], without)
      changes.push({ at, added: added as Appraisal })
    }
    return changes
  }

  all(): readonly Appraisal[] {
    return [...this.appraisals.values()]
  }
}

export const keyOf = (setting: Setting): string => setting.join(' ')

/** May be proposed as a whole: nothing hinders it and its robust lower bound is above zero. */
export const isSound = (appraisal: Appraisal): boolean => appraisal.hindrance === null && bound(appraisal) > 0

/** The objective; what is unknown lies below everything. */
export const bound = (appraisal: Appraisal): MicroCents =>
  appraisal.robustLowerMicroCents ?? Number.NEGATIVE_INFINITY

/** The better of two: higher robust lower bound, then fewer quotes disturbed, then smaller values, so that ties have one answer. */
export function betterOf(left: Appraisal, right: Appraisal): Appraisal {
  if (bound(left) !== bound(right)) return bound(left) > bound(right) ? left : right
  if (left.impacted !== right.impacted) return left.impacted < right.impacted ? left : right
  const differing = left.setting.findIndex((value, at) => value !== right.setting[at])
  return (left.setting[differing] ?? 0) <= (right.setting[differing] ?? 0) ? left : right
}
