import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { replaySettings } from '../../src/adapters/columnar/settings/settings-replay.ts'
import { prepareSnapshot } from '../../src/adapters/columnar/snapshot.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { type QuoteColumns, quoteAt } from '../../src/domain/quote.ts'
import { type ReplaySums, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import type { SettingSums, SettingsTask } from '../../src/domain/settings.ts'
import { currentSetting, type Setting, tunablesOf, withSetting } from '../../src/domain/tunables.ts'
import { starterPolicy } from '../support/fresh-home.ts'
import { arbitraryColumns, arbitraryModel } from '../support/generate-quotes.ts'
import { arbitrarySettings } from '../support/generate-settings.ts'
import { checked } from '../support/generate-task.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'

const CASES = 100
/** So often that equal quotes cannot all be counted at one place. */
const COPIES = 1_100
const CASES_OF_COPIES = 3
const QUOTES_COPIED = 4

/** The fields of a replay that a setting's sums have. */
const fieldsOf = (sums: SettingSums, replayed: ReplaySums): Partial<ReplaySums> =>
  Object.fromEntries(Object.keys(sums).map(name => [name, replayed[name as keyof ReplaySums]]))

async function assertAgreement(task: SettingsTask, settings: readonly Setting[]): Promise<number> {
  let impacting = 0
  const replay = replaySettings(task, prepareSnapshot(task.columns, false))
  assert.ok(replay !== null)
  const oracle = oracleEngine()
  const policyAt = (setting: Setting) => checked(withSetting(task.base.document, task.tunables, setting))
  for (const against of [null, ...settings.slice(0, 2)]) {
    const found = replay.sums(settings, against)
    const replayed = await oracle.evaluate({
      snapshotDigest: 'sha256:00',
      columns: task.columns,
      base: policyAt(against ?? currentSetting(task.tunables)),
      candidates: settings.map(policyAt),
      scope: WHOLE_SNAPSHOT,
      model: task.model,
    })
    for (const [at, sums] of found.entries()) {
      assert.deepEqual(sums, fieldsOf(sums, replayed[at] as ReplaySums))
      if (sums.impacted > 0) impacting += 1
    }
  }
  return impacting
}

test('R2 settings replayed by classes of rows have the sums that the oracle gives each of them', async t => {
  let impacting = 0
  await fc.assert(
    fc.asyncProperty(
      arbitrarySettings(),
      arbitraryColumns(),
      fc.option(arbitraryModel(), { nil: null, freq: 5 }),
      async ({ base, tunables, settings }, columns, model) => {
        impacting += await assertAgreement({ columns, base, tunables, model }, settings)
      },
    ),
    { numRuns: CASES },
  )
  t.diagnostic(`${CASES} policies, ${impacting} comparisons with quotes impacted`)
  assert.ok(impacting > CASES / 4)
})

/** The first quotes again and again, under ids of their own, as requests that a cap of the starter policy cuts. */
const copied = (columns: QuoteColumns): QuoteColumns =>
  columnsOfQuotes(
    Array.from({ length: COPIES * QUOTES_COPIED }, (_, at) => {
      const quote = quoteAt(columns, at % QUOTES_COPIED)
      return {
        ...quote,
        quoteId: `copy-${at}`,
        segment: 'smb',
        region: 'na',
        requestedDiscountBps: 2_500,
        costCents: quote.costCents ?? 0,
        outcome: 'won',
      }
    }),
  )

test('R2 quotes that agree in everything count as often as they stand there, in the sums of settings too', async t => {
  const base = checked(starterPolicy())
  const tunables = tunablesOf(base.document)
  const settings = [tunables.map(({ range }) => range.min), tunables.map(({ range }) => range.max)]
  let impacting = 0
  await fc.assert(
    fc.asyncProperty(
      arbitraryColumns().filter(({ rows }) => rows >= QUOTES_COPIED),
      fc.option(arbitraryModel(), { nil: null, freq: 2 }),
      async (columns, model) => {
        impacting += await assertAgreement({ columns: copied(columns), base, tunables, model }, settings)
      },
    ),
    { numRuns: CASES_OF_COPIES },
  )
  t.diagnostic(`${CASES_OF_COPIES} snapshots, ${impacting} comparisons with quotes impacted`)
  assert.ok(impacting > CASES_OF_COPIES)
})
