import type { QuoteColumns } from '../../src/domain/quote.ts'
import type { PolicyTally } from '../../src/domain/tally.ts'
import type { Setting, Tunable } from '../../src/domain/tunables.ts'

/** One way to ask what each of a thousand settings of the policy of 12 rules decides on all quotes. */
export interface SettingsPeer {
  /** Makes ready for the next answer what hangs on no setting; its time is not counted. */
  prepare?(): void
  tally(): readonly PolicyTally[] | Promise<readonly PolicyTally[]>
  close?(): void | Promise<void>
}

export type MakeSettingsPeer = (columns: QuoteColumns) => SettingsPeer | Promise<SettingsPeer>

const tunable = (ruleId: string, parameter: string, current: number, min: number, step: number): Tunable => ({
  ruleId,
  parameter,
  current,
  range: { min, max: min + 9 * step, step },
})

/** Two caps, which change prices, and a threshold of approval, which does not. */
export const TUNABLES: readonly Tunable[] = [
  tunable('discount-cap-smb', 'cap_bps', 1_800, 1_200, 100),
  tunable('discount-cap-enterprise', 'cap_bps', 3_000, 2_200, 100),
  tunable('manager-approval', 'above_bps', 2_000, 1_000, 200),
]

/** Two thresholds of approval and a floor: no price changes, so that what they count can be added up apart. */
export const SEPARABLE_TUNABLES: readonly Tunable[] = [
  tunable('manager-approval', 'above_bps', 2_000, 1_000, 200),
  tunable('regional-approval-apac', 'above_bps', 1_500, 500, 200),
  tunable('margin-floor-smb', 'floor_bps', 1_500, 1_000, 100),
]

/** All thousand combinations of ten values each. */
export const settingsOf = (tunables: readonly Tunable[]): readonly Setting[] =>
  Array.from({ length: 1_000 }, (_, at) =>
    tunables.map(({ range }, place) => range.min + (Math.floor(at / 10 ** place) % 10) * range.step),
  )
