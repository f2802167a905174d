import type { CheckedPolicy } from './policy.ts'
import type { QuoteColumns } from './quote.ts'
import type { ReplaySums } from './replay.ts'
import type { ResponseModel } from './response.ts'
import type { Setting, Tunable } from './tunables.ts'

/** What of a replay's sums the appraisal of a setting reads; each field is what ReplaySums says. */
export type SettingSums = Pick<
  ReplaySums,
  | 'in_scope'
  | 'open'
  | 'not_replayable'
  | 'not_replayable_base'
  | 'scored'
  | 'groups'
  | 'response'
  | 'by_segment'
  | 'by_region'
  | 'support'
  | 'impacted'
  | 'impacted_thin'
  | 'value_cents'
>

/** Settings of one policy over all quotes of a snapshot. */
export interface SettingsTask {
  readonly columns: QuoteColumns
  readonly base: CheckedPolicy
  readonly tunables: readonly Tunable[]
  /** null: win rate and expected margin are unknown. */
  readonly model: ResponseModel | null
}

/**
 * Replays settings by the thousand. Values MUST lie on the tunables' steps. Every sum MUST be the one that a replay of the
 * same two policies gives, to the last integer, whatever was asked before.
 */
export interface SettingsReplay {
  /** Sums of each setting against another, `against`; null is the policy as it stands. */
  sums(settings: readonly Setting[], against: Setting | null): readonly SettingSums[]
  /** Whether two tunables, by their places, can matter to one quote. Those that never do add up without further work. */
  meet(left: number, right: number): boolean
}
