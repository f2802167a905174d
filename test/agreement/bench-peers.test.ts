import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrayLoop, branchlessLoop } from '../../bench/peers/array-loop.ts'
import { celEs, celJs } from '../../bench/peers/cel.ts'
import { columnarAlone } from '../../bench/peers/columnar.ts'
import { duckdb } from '../../bench/peers/duckdb.ts'
import { objectLoop } from '../../bench/peers/object-loop.ts'
import type { MakePeer } from '../../bench/peers/peer.ts'
import type { MakeSettingsPeer } from '../../bench/peers/settings.ts'
import { separableColumnar, settingsColumnar } from '../../bench/peers/settings-columnar.ts'
import { settingsDuckdb, settingsDuckdbCells } from '../../bench/peers/settings-duckdb.ts'
import { separablePrefixSums, settingsLoop, settingsLoopCells } from '../../bench/peers/settings-loop.ts'
import { sqlite } from '../../bench/peers/sqlite.ts'
import { generatedRequests, requestsFromPriceList } from '../../bench/requests.ts'
import { twelveRules } from '../../bench/twelve-rules.ts'
import { tallyOneByOne } from '../../src/domain/tally.ts'

/* Peers that need packages of `bench/package.json` are held against the others whenever the bench runs. */

test("what the bench times gives the oracle's answer, whoever wrote it", async () => {
  const columns = generatedRequests(3_000)
  const expected = tallyOneByOne(columns, twelveRules())
  assert.ok(expected.violations > 0 && expected.approvals > 0 && expected.attribute_absent > 0)
  const peers: Readonly<Record<string, MakePeer>> = {
    columnarAlone,
    arrayLoop,
    branchlessLoop,
    objectLoop,
    duckdb,
    sqlite,
    celJs,
    celEs,
  }
  for (const [name, make] of Object.entries(peers)) {
    const peer = await make(columns)
    assert.deepEqual(await peer.tally(), expected, name)
    await peer.close?.()
  }
})

test('what the bench asks about a thousand settings is answered alike, and settings differ', async () => {
  const columns = requestsFromPriceList(400)
  const same = async (makes: readonly MakeSettingsPeer[]): Promise<number> => {
    const answers: unknown[] = []
    for (const make of makes) {
      const peer = await make(columns)
      answers.push(await peer.tally())
      await peer.close?.()
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0])
    return new Set((answers[0] as readonly { approvals: number }[]).map(({ approvals }) => approvals)).size
  }
  const settings = [settingsColumnar, settingsLoop, settingsLoopCells, settingsDuckdb, settingsDuckdbCells]
  assert.ok((await same(settings)) > 1)
  assert.ok((await same([separableColumnar, separablePrefixSums])) > 1)
})
