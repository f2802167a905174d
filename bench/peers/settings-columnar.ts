import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { replaySettings } from '../../src/adapters/columnar/settings/settings-replay.ts'
import { prepareSnapshot } from '../../src/adapters/columnar/snapshot.ts'
import type { QuoteColumns } from '../../src/domain/quote.ts'
import type { SettingSums, SettingsReplay } from '../../src/domain/settings.ts'
import type { PolicyTally } from '../../src/domain/tally.ts'
import type { Tunable } from '../../src/domain/tunables.ts'
import { twelveRules } from '../twelve-rules.ts'
import { SEPARABLE_TUNABLES, type SettingsPeer, settingsOf, TUNABLES } from './settings.ts'

/**
 * The product's bulk path, anew each time: nothing of an answer is kept for the next. Prepared, the classes of rows that the policy and
 * its ranges tell apart are found beforehand, as the peers written by hand have looked at web, term and equal quotes beforehand.
 */
async function columnarSettings(
  columns: QuoteColumns,
  tunables: readonly Tunable[],
  beforehand: boolean,
): Promise<SettingsPeer> {
  const snapshot = prepareSnapshot(columns, false)
  const base = twelveRules()
  const settings = settingsOf(tunables)
  const now = await columnarEngine({ threads: 0 }).tally(columns, base)
  const prepared = (): SettingsReplay => {
    const replay = replaySettings({ columns, base, tunables, model: null }, snapshot)
    if (replay === null) throw new Error('the bulk path refuses the policy of 12 rules')
    return replay
  }
  const tallies = (replay: SettingsReplay): readonly PolicyTally[] =>
    replay.sums(settings, null).map(sums => tallyOf(sums, now))
  if (!beforehand) return { tally: () => tallies(prepared()) }
  let replay = prepared()
  return {
    prepare: () => {
      replay = prepared()
    },
    tally: () => tallies(replay),
  }
}

/** What the sums of a setting against the policy as it stands say of the setting alone. */
function tallyOf(sums: SettingSums, now: PolicyTally): PolicyTally {
  const count = (of: (group: SettingSums['groups'][number]) => number): number =>
    sums.groups.reduce((sum, group) => sum + of(group), 0)
  const cents = (of: (group: SettingSums['groups'][number]) => bigint): bigint =>
    sums.groups.reduce((sum, group) => sum + of(group), 0n)
  return {
    decided: sums.scored,
    ...sums.not_replayable,
    approvals: count(group => group.candidate_approvals),
    violations: count(group => group.candidate_violations),
    net_cents: cents(group => group.candidate_net_cents),
    profit_cents: cents(group => group.candidate_profit_cents),
    margin_bps: now.margin_bps + count(group => group.margin_bps_delta),
  }
}

export const settingsColumnar = (columns: QuoteColumns): Promise<SettingsPeer> =>
  columnarSettings(columns, TUNABLES, false)
export const separableColumnar = (columns: QuoteColumns): Promise<SettingsPeer> =>
  columnarSettings(columns, SEPARABLE_TUNABLES, false)
export const settingsColumnarPrepared = (columns: QuoteColumns): Promise<SettingsPeer> =>
  columnarSettings(columns, TUNABLES, true)
export const separableColumnarPrepared = (columns: QuoteColumns): Promise<SettingsPeer> =>
  columnarSettings(columns, SEPARABLE_TUNABLES, true)
