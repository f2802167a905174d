import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyAt } from '../../prove/worlds/best.ts'
import { drawWorld, type WorldKind } from '../../prove/worlds/family.ts'
import { covers, mayBeWithin, promiseFigures } from '../../prove/worlds/figures.ts'
import { runWorld, type WorldResult } from '../../prove/worlds/run.ts'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { marketWorld } from '../../src/domain/market-world.ts'
import type { Quote } from '../../src/domain/quote.ts'
import { fitResponse } from '../../src/domain/response-fit.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { optimise } from '../../src/loop/optimise.ts'
import { simulatedHistory, starterPolicy } from '../support/market-columns.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'

const OPTIONS = { thinSegmentQuotes: 200, sensitivityOffsetShare: 0.5 }

const SEED = 7

/** The first worlds of a kind in the family of `npm run prove -- worlds`, of 1,000 to 5,000 quotes so that it takes seconds. */
async function worldsOf(kind: WorldKind, count: number): Promise<readonly WorldResult[]> {
  const results: WorldResult[] = []
  for (let number = kind === 'best' ? 4 : 0; results.length < count; number += kind === 'best' ? 5 : 1) {
    const world = await drawWorld(SEED, number, 'first')
    if (world.kind === kind && world.quotes >= 1000 && world.quotes <= 5000) {
      results.push(await runWorld(world, false))
    }
  }
  return results
}

test('E1 E2 over simulated worlds hardly any proposal, and hardly any change of one, makes things worse, and ranges cover the truth', async t => {
  const worlds = await worldsOf('open', 20)
  const proposals = worlds.flatMap(world => world.proposals)
  for (const { name, measured } of promiseFigures(worlds)) t.diagnostic(`seed ${SEED}, ${name}: ${measured}`)
  const parts = proposals.flatMap(proposal => proposal.parts)
  assert.ok(proposals.length >= 10, 'many worlds have an improvement that can be proven')
  // So few worlds show no share of 5%, only what cannot be one; the share itself is shown by the long run.
  assert.ok(mayBeWithin(proposals.filter(({ delta }) => delta < 0).length, proposals.length, 0.05))
  assert.ok(mayBeWithin(parts.filter(delta => delta < 0).length, parts.length, 0.05))
  const brought = worlds.flatMap(world => world.brought ?? [])
  const covered = [...proposals, ...brought].filter(covers).length
  assert.ok(covered >= 0.8 * (proposals.length + brought.length), `${covered}`)
})

test('E1 where the active policy is already the best, hardly any world sees a harmful proposal', async t => {
  const worlds = await worldsOf('best', 10)
  const harmed = worlds.filter(({ proposals }) => proposals.some(({ delta }) => delta < 0)).length
  t.diagnostic(`seed ${SEED}: ${harmed} of ${worlds.length}`)
  assert.ok(mayBeWithin(harmed, worlds.length, 0.05))
})

test('E4 a segment with too few quotes, or one whose response had to be clipped, is left alone', async () => {
  const history = simulatedHistory({
    seed: 6,
    quotes: 6000,
    world: marketWorld({ variety: 1, worldSeed: 6 }),
  })
  const base = starterPolicy()
  const touched = async (quotes: Iterable<Quote>, thin: string): Promise<boolean> => {
    const columns = columnsOfQuotes(quotes)
    const fit = fitResponse(columns, OPTIONS)
    assert.equal(fit.kind, 'fitted')
    const { model } = fit as Extract<typeof fit, { kind: 'fitted' }>
    const engine = columnarEngine()
    const ground = {
      snapshotDigest: 'sha256:simulated',
      columns,
      base,
      model,
      thresholds: DEFAULT_THRESHOLDS,
    }
    const { proposals } = await optimise(engine, ground, () => undefined)
    const replayed = await engine.evaluate({
      ...ground,
      candidates: proposals.map(({ appraisal }) => policyAt(base, appraisal.setting)),
      scope: { segments: [], regions: [], quote_ids: [], window: null },
    })
    await engine.close()
    assert.ok(proposals.length > 0)
    for (const sums of replayed) assert.equal(sums.impacted_thin, 0)
    return replayed.some(sums => (sums.by_segment[thin]?.impacted ?? 0) > 0)
  }
  assert.equal(await touched(history.quotes, 'enterprise'), true, 'with its quotes it would be touched')

  let kept = 0
  const few = history.quotes.filter(quote => quote.segment !== 'enterprise' || ++kept <= 190)
  assert.equal(await touched(few, 'enterprise'), false)

  // Every enterprise quote above the median discount lost, below it won: the slope must be clipped.
  const falling = history.quotes.map(quote =>
    quote.segment !== 'enterprise' || quote.outcome === 'open'
      ? quote
      : { ...quote, outcome: quote.grantedDiscountBps > 2300 ? ('lost' as const) : ('won' as const) },
  )
  assert.equal(await touched(falling, 'enterprise'), false)
})

test('the same search on the oracle finds the same proposals to the last digit (R2)', async () => {
  const { columns } = simulatedHistory({
    seed: 3,
    quotes: 700,
    world: marketWorld({ variety: 1, worldSeed: 6 }),
  })
  const fit = fitResponse(columns, { ...OPTIONS, thinSegmentQuotes: 50 })
  assert.equal(fit.kind, 'fitted')
  const { model } = fit as Extract<typeof fit, { kind: 'fitted' }>
  const base = twoTunables()
  const ground = { snapshotDigest: 'sha256:simulated', columns, base, model, thresholds: DEFAULT_THRESHOLDS }
  // Without its way to replay settings, so that both engines search as little.
  const { settings: _, ...columnar } = columnarEngine()
  const found = await optimise(columnar, ground, () => undefined)
  await columnar.close()
  assert.deepEqual(await optimise(oracleEngine(), ground, () => undefined), found)
  assert.ok(found.searched > 5)
})

/** The starter policy with two ranges left, so that the slow engine has little to do. */
function twoTunables() {
  const base = starterPolicy()
  const kept = new Set(['discount-cap-enterprise', 'regional-approval-apac'])
  const rules = base.document.rules.map(rule => {
    if (kept.has(rule.id)) return rule
    const { tune: _, ...rest } = rule
    return rest
  })
  return { ...base, document: { ...base.document, rules } }
}

test('E3 a history that cannot tell what a price does is not fitted, for a named reason', () => {
  const { quotes } = simulatedHistory({ seed: 5, quotes: 800 })
  const reasonOf = (changed: readonly Quote[]): string => {
    const fit = fitResponse(columnsOfQuotes(changed), OPTIONS)
    return fit.kind === 'fitted' ? 'fitted' : fit.reason
  }
  assert.equal(reasonOf(quotes), 'fitted')
  assert.equal(reasonOf(quotes.filter(quote => quote.outcome !== 'lost')), 'no_losses')
  assert.equal(reasonOf(quotes.filter(quote => quote.outcome !== 'won')), 'no_wins')
  assert.equal(reasonOf(quotes.slice(0, 40)), 'too_few_outcomes')
  const onePrice = quotes.map(quote => ({ ...quote, grantedDiscountBps: 1000 }))
  assert.equal(reasonOf(onePrice), 'no_price_variation')
  const oneCluster = columnsOfQuotes(quotes.map(quote => ({ ...quote, cluster: 'one' })))
  const lumped = fitResponse(oneCluster, OPTIONS)
  assert.equal(lumped.kind === 'unfittable' && lumped.reason, 'too_few_groups')
})

test('slopes are found again: few lie further from the truth than their intervals allow', t => {
  let near = 0
  let all = 0
  for (let seed = 1; seed <= 10; seed += 1) {
    const world = marketWorld({ hiddenConfounding: 0, variety: 1, worldSeed: seed })
    const { columns, truth } = simulatedHistory({ seed, quotes: 6000, world })
    const fit = fitResponse(columns, OPTIONS)
    assert.equal(fit.kind, 'fitted')
    const { model } = fit as Extract<typeof fit, { kind: 'fitted' }>
    for (const { segment, slope_nano, slope_standard_error_nano, thin_reason } of model.evidence.segments) {
      if (thin_reason !== null) continue
      const real = truth.world.segments.find(({ name }) => name === segment)?.slope_nano as number
      const reach = (model.student_t_ppm.two_sided_95 / 1e6) * slope_standard_error_nano
      all += 1
      if (Math.abs(slope_nano - real) <= reach) near += 1
    }
  }
  t.diagnostic(`${near} of ${all} slopes within their 95% intervals`)
  assert.ok(all >= 20)
  assert.ok(near >= 0.85 * all, `${near} of ${all}`)
})

test('a protected attribute is no part of the model, and fitting twice gives the same bytes', () => {
  const { quotes } = simulatedHistory({ seed: 9, quotes: 1500 })
  const told = quotes.map((quote, at) => ({
    ...quote,
    attributes: {
      ...quote.attributes,
      holder_gender: at % 2 === 0 ? 'f' : 'm',
      mood: at % 3 === 0 ? 'a' : 'b',
    },
  }))
  const fit = fitResponse(columnsOfQuotes(told), OPTIONS)
  assert.equal(fit.kind, 'fitted')
  const { model } = fit as Extract<typeof fit, { kind: 'fitted' }>
  const columns = model.factors.map(factor => factor.column)
  assert.ok(columns.includes('attr.mood') && !columns.includes('attr.holder_gender'), columns.join())
  const shuffled = [...told].reverse()
  assert.deepEqual(fitResponse(columnsOfQuotes(shuffled), OPTIONS), fit)
})
