import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { replaySettings } from '../../src/adapters/columnar/settings/settings-replay.ts'
import { prepareSnapshot } from '../../src/adapters/columnar/snapshot.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { type ReplaySums, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import type { SettingSums, SettingsTask } from '../../src/domain/settings.ts'
import { currentSetting, type Setting, withSetting } from '../../src/domain/tunables.ts'
import { arbitraryColumns, arbitraryModel } from '../support/generate-quotes.ts'
import { arbitrarySettings } from '../support/generate-settings.ts'
import { checked } from '../support/generate-task.ts'

const CASES = 100

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
