import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyAt } from '../../prove/worlds/best.ts'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { judgeGain } from '../../src/domain/judgement.ts'
import { marketWorld } from '../../src/domain/market-world.ts'
import { OVERTURNING_MAX_BPS, overturningShareBps, overturningText } from '../../src/domain/overturning.ts'
import type { ResponseModel } from '../../src/domain/response.ts'
import { fitResponse } from '../../src/domain/response-fit.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { optimise, replay } from '../../src/loop/optimise.ts'
import { simulatedHistory, starterPolicy } from '../support/market-columns.ts'

const base = starterPolicy()
const { columns } = simulatedHistory({
  seed: 8,
  quotes: 4000,
  world: marketWorld({ variety: 1, worldSeed: 6 }),
})
const fit = fitResponse(columns, { thinSegmentQuotes: 200, sensitivityOffsetShare: 0.5 })
assert.equal(fit.kind, 'fitted')
const { model } = fit as Extract<typeof fit, { kind: 'fitted' }>
const pooled = model.fits[0]?.slope_nano as number

/** A bound that falls in a straight line from `atZero` to nothing at a share of the pooled slope. */
const falling = (atZero: number, nothingAt: number) => async (shifted: ResponseModel) =>
  Math.round(atZero * (1 - shifted.slope_offset_nano / pooled / nothingAt))

test('what would overturn a gain is the share of the slope at which its bound reaches zero', async () => {
  for (const [nothingAt, expected] of [
    [0.1, 1000],
    [0.62, 6200],
    [1.5, 15_000],
  ] as const) {
    assert.equal(await overturningShareBps(model, falling(1_000_000, nothingAt)), expected)
  }
  assert.equal(await overturningShareBps(model, falling(-5, 1)), 0)
  assert.equal(await overturningShareBps(model, falling(1_000_000, 9)), OVERTURNING_MAX_BPS)
  assert.equal(await overturningShareBps(model, async () => null), null)
  assert.equal(await overturningShareBps(null, falling(1, 1)), null)
  assert.match(overturningText(6200), /discounts by 62% of its strength/)
})

test('a proposal stands just below the share that would overturn it, and falls just above', async () => {
  const ground = { snapshotDigest: 'sha256:simulated', columns, base, model, thresholds: DEFAULT_THRESHOLDS }
  const engine = columnarEngine()
  const { proposals, tunables } = await optimise(engine, ground, () => undefined)
  const best = proposals[0]
  assert.ok(best !== undefined)
  const candidate = policyAt(base, best.appraisal.setting)
  const boundOver = async (shifted: ResponseModel): Promise<number | null> => {
    const [sums] = await replay(engine, { ...ground, model: shifted }, [candidate])
    assert.ok(sums !== undefined)
    return judgeGain(sums, shifted, tunables.length)?.robustLowerMicroCents ?? null
  }
  const share = (await overturningShareBps(model, boundOver)) as number
  const at = async (bps: number): Promise<number> =>
    (await boundOver({ ...model, slope_offset_nano: Math.round((pooled * bps) / 10_000) })) as number
  const [below, above] = [await at(share * 0.9), await at(share * 1.1)]
  await engine.close()
  assert.ok(share >= 5000, 'what is proposed is proven over the declared range')
  assert.ok(below > 0, `${below} below ${share}`)
  assert.ok(share === OVERTURNING_MAX_BPS || above < 0, `${above} above ${share}`)
})
