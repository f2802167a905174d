import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { writeMarketFile } from '../../src/adapters/market-file.ts'
import { marginBps, netCents } from '../../src/domain/arithmetic.ts'
import { decide } from '../../src/domain/decision.ts'
import { outcomeRows } from '../../src/domain/outcome-rows.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import { judgePromise } from '../../src/domain/promise.ts'
import { type Quote, quoteAt } from '../../src/domain/quote.ts'
import { measureRealized } from '../../src/domain/realized.ts'
import { studentTQuantile } from '../../src/domain/student-t.ts'
import { activePolicy } from '../../src/loop/active.ts'
import { monitorCandidate } from '../../src/loop/monitor.ts'
import { arbitraryColumns } from '../support/generate-quotes.ts'
import { apply, approvedCandidate, installationWithHistory, rollback } from '../support/governed-candidate.ts'
import { refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'

const policyWith = (capBps: number, aboveBps: number) =>
  succeeded(
    checkPolicy({
      schema: 'clo_policy.v1',
      name: 'test',
      rules: [
        { id: 'cap', kind: 'discount_cap', when: 'true', params: { cap_bps: capBps } },
        {
          id: 'ask',
          kind: 'approval',
          when: 'quote.discount_bps > params.above_bps',
          params: { above_bps: aboveBps },
        },
      ],
    }),
  )

const PRIOR = policyWith(3000, 2500)
const APPLIED = policyWith(2000, 1500)

const quote = (id: string, changed: Partial<Quote>): Quote => ({
  quoteId: id,
  segment: 'smb',
  region: 'na',
  productFamily: 'software',
  listCents: 100_000,
  costCents: 50_000,
  requestedDiscountBps: 2800,
  grantedDiscountBps: 2000,
  netCents: 80_000,
  approvalRequired: true,
  approvalOutcome: 'approved',
  approvalLatencySeconds: 600,
  outcome: 'won',
  quotedAt: '2026-10-01T00:00:00.000Z',
  closedAt: null,
  policyVersion: 2,
  cluster: id,
  attributes: {},
  ...changed,
})

test('realised margin and waiting are those of the quotes themselves, worked out by hand', () => {
  const columns = columnsOfQuotes([
    // Offered at 80,000 (margin 3750 bps); the prior policy would have offered 72,000 (3056), with an approval either way.
    quote('a', {}),
    // Offered at 88,000 (4318) without approval; the prior policy the same: nothing differs.
    quote('b', {
      requestedDiscountBps: 1200,
      grantedDiscountBps: 1200,
      netCents: 88_000,
      approvalRequired: false,
      approvalLatencySeconds: null,
      outcome: 'lost',
    }),
    // 18%: the applied policy asks for approval and waited 900 s, the prior one does not ask.
    quote('c', {
      requestedDiscountBps: 1800,
      grantedDiscountBps: 1800,
      netCents: 82_000,
      approvalLatencySeconds: 900,
    }),
    quote('d', { outcome: 'open' }),
  ])
  const { estimates, counts } = measureRealized(columns, [0, 1, 2, 3], PRIOR, APPLIED, null)
  assert.equal(estimates.margin_delta_bps.point, Math.round((3750 - 3056) / 3))
  assert.equal(estimates.approval_latency_delta_seconds.point, 300)
  assert.deepEqual(estimates.win_rate_delta_bps, { point: null, lower: null, upper: null })
  assert.deepEqual(counts, {
    open: 1,
    not_replayable: { attribute_absent: 0, cost_absent: 0 },
    scored: 3,
    with_cost: 3,
    decided_alike: 1,
    as_applied: 3,
  })
})

test('R4 rows add up, and the realised margin and its interval equal a computation in floats, on generated outcomes', () => {
  fc.assert(
    fc.property(arbitraryColumns(), columns => {
      const rows = Array.from({ length: columns.rows }, (_, row) => row)
      const { estimates, counts } = measureRealized(columns, rows, PRIOR, APPLIED, null)
      const { open, scored, not_replayable } = counts
      assert.equal(open + scored + not_replayable.attribute_absent + not_replayable.cost_absent, columns.rows)
      const deltas = rows.flatMap(row => {
        const seen = quoteAt(columns, row)
        const before = decide(PRIOR, seen)
        if (seen.outcome === 'open' || seen.costCents === null || before.kind !== 'decided') return []
        const net = seen.netCents ?? netCents(seen.listCents, seen.grantedDiscountBps)
        return [
          {
            group: columns.group[row] as number,
            delta: marginBps(net, seen.costCents) - (before.marginBps as number),
          },
        ]
      })
      near(estimates.margin_delta_bps, floatJackknife(deltas))
    }),
    { numRuns: 60 },
  )
})

interface FloatEstimate {
  readonly point: number
  readonly half: number | null
}

/** Delete-a-group jackknife as the textbook has it, in floats. */
function floatJackknife(
  deltas: readonly { readonly group: number; readonly delta: number }[],
): FloatEstimate | null {
  if (deltas.length === 0) return null
  const mean = (rows: typeof deltas): number => rows.reduce((sum, row) => sum + row.delta, 0) / rows.length
  const groups = [...new Set(deltas.map(row => row.group))]
  if (groups.length < 2) return { point: mean(deltas), half: null }
  const without = groups.map(group => mean(deltas.filter(row => row.group !== group)))
  const centre = without.reduce((sum, value) => sum + value, 0) / groups.length
  const squares = without.reduce((sum, value) => sum + (value - centre) ** 2, 0)
  const error = Math.sqrt(((groups.length - 1) / groups.length) * squares)
  return { point: mean(deltas), half: studentTQuantile(0.975, groups.length - 1) * error }
}

function near(
  found: { readonly point: number | null; readonly lower: number | null; readonly upper: number | null },
  expected: FloatEstimate | null,
): void {
  if (expected === null) {
    assert.deepEqual(found, { point: null, lower: null, upper: null })
    return
  }
  const { point, half } = expected
  assert.ok(Math.abs((found.point as number) - point) <= 0.5 + 1e-6, `${found.point} for ${point}`)
  if (half === null) {
    assert.deepEqual([found.lower, found.upper], [null, null])
    return
  }
  const slack = 1 + 1e-5 * half
  assert.ok((found.lower as number) <= point - half + 1e-4 && (found.lower as number) > point - half - slack)
  assert.ok((found.upper as number) >= point + half - 1e-4 && (found.upper as number) < point + half + slack)
}

test('a recorded version decides which outcomes count; without one, the moment of quoting does', () => {
  const columns = columnsOfQuotes([
    quote('a', { policyVersion: 2, quotedAt: '2020-01-01T00:00:00.000Z' }),
    quote('b', { policyVersion: 1 }),
    quote('c', { policyVersion: null, quotedAt: '2026-09-30T23:59:59.999Z' }),
    quote('d', { policyVersion: null, quotedAt: '2026-10-01T00:00:00.000Z' }),
    quote('e', { policyVersion: null, quotedAt: '2026-10-31T23:59:59.999Z' }),
    quote('f', { policyVersion: null, quotedAt: '2026-11-01T00:00:00.000Z' }),
    quote('g', { policyVersion: null, quotedAt: null }),
  ])
  const inForce = { version: 2, from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' }
  assert.deepEqual(outcomeRows(columns, inForce), {
    rows: [0, 3, 4],
    foreign: { other_policy_version: 1, before_activation: 1, after_replacement: 1, undated: 1 },
  })
})

test('a promise is judged by intervals: arrived, not arrived, not yet shown, unknown', () => {
  const judge = (
    measure: Parameters<typeof judgePromise>[0],
    promised: [number, number],
    seen: [number, number],
  ) =>
    judgePromise(
      measure,
      { point: 0, lower: promised[0], upper: promised[1] },
      { point: 0, lower: seen[0], upper: seen[1] },
    ).verdict
  assert.equal(judge('margin_delta_bps', [10, 40], [5, 30]), 'arrived')
  assert.equal(judge('margin_delta_bps', [10, 40], [50, 90]), 'arrived')
  assert.equal(judge('margin_delta_bps', [10, 40], [-20, 9]), 'not_arrived')
  assert.equal(judge('margin_delta_bps', [10, 40], [-20, 10]), 'not_yet_shown')
  assert.equal(judge('margin_delta_bps', [-10, 40], [-20, 10]), 'not_yet_shown')
  assert.equal(judge('margin_delta_bps', [-10, 40], [-10, 10]), 'arrived')
  assert.equal(judge('win_rate_delta_bps', [-17, -2], [-149, 102]), 'not_yet_shown')
  assert.equal(judge('win_rate_delta_bps', [-17, -2], [-15, 3]), 'arrived')
  assert.equal(judge('win_rate_delta_bps', [-17, -2], [-290, -31]), 'not_arrived')
  assert.equal(judge('approval_latency_delta_seconds', [-400, -200], [-500, -100]), 'arrived')
  assert.equal(judge('approval_latency_delta_seconds', [-400, -200], [-199, 50]), 'not_arrived')
  assert.equal(judge('approval_latency_delta_seconds', [-400, -200], [-300, 50]), 'not_yet_shown')
  const unknown = { point: 3, lower: null, upper: null }
  assert.equal(judgePromise('margin_delta_bps', unknown, unknown).verdict, 'unknown')
})

let installed: TestInstallation
before(async () => {
  installed = await installationWithHistory()
})
after(() => installed.remove())

test('monitoring records outcomes once, moves the candidate, feeds the KPIs, and refuses what it cannot speak of', async () => {
  const { ports, folder } = installed
  const { candidateId } = await approvedCandidate(ports)
  const outcomes = join(folder, 'outcomes.csv')
  const request = { actorId: 'ana', candidateId, outcomesPath: outcomes, map: null }
  refusedWith('illegal_move', await monitorCandidate(ports, request))
  const applied = succeeded(await apply(ports, 'ruth', candidateId))

  const { policy, version } = await ports.store.read(activePolicy)
  succeeded(await writeMarketFile(outcomes, { seed: 12, quotes: 600, policy, policyVersion: version }))
  const others = join(folder, 'others.csv')
  succeeded(await writeMarketFile(others, { seed: 13, quotes: 50, policyVersion: 1 }))
  refusedWith('not_authorised', await monitorCandidate(ports, { ...request, actorId: 'sam' }))
  refusedWith('bad_input', await monitorCandidate(ports, { ...request, outcomesPath: others }))
  const missing = await monitorCandidate(ports, { ...request, outcomesPath: join(folder, 'none.csv') })
  assert.equal(missing.ok, false)
  assert.equal(
    (await ports.store.read(tx => tx.find('policy_lifecycle_audit', { event_type: 'monitoring_started' })))
      .length,
    0,
  )

  const seen = succeeded(await monitorCandidate(ports, request))
  const { counts, intake } = seen
  const accounted = [
    intake.rejected,
    intake.collapsed,
    ...Object.values(intake.foreign),
    intake.first_seen,
    intake.updated_while_open,
    intake.repeated,
    intake.changed,
  ].reduce((sum, value) => sum + value, 0)
  assert.equal(accounted, intake.rows)
  assert.equal(
    counts.open + Object.values(counts.not_replayable).reduce((sum, value) => sum + value, 0) + counts.scored,
    intake.first_seen,
  )
  const obeyed = counts.as_applied / counts.scored
  assert.ok(obeyed > 0.95 && obeyed < 1, `the market makes few exceptions: ${obeyed}`)
  // A cap lowered by 50 bps can only raise margins on the same requests, wherever the cap was kept.
  const kept = seen.realized_intervals.margin_delta_as_applied_bps
  assert.ok((kept.lower as number) > 0, JSON.stringify(kept))
  assert.ok((kept.point as number) > (seen.realized_margin_delta_bps as number), 'exceptions cost margin')
  for (const promise of seen.promises) assert.notEqual(promise.verdict, 'unknown', promise.measure)

  assert.deepEqual(succeeded(await monitorCandidate(ports, request)), seen)
  const again = join(folder, 'reordered.csv')
  const [head, ...lines] = (await readLines(outcomes)) as [string, ...string[]]
  await writeFile(again, [head, ...lines.reverse()].join('\n'))
  const reordered = succeeded(await monitorCandidate(ports, { ...request, outcomesPath: again }))
  assert.deepEqual(reordered, seen, 'the same quotes in another order are the same outcomes')
  const events = await ports.store.read(tx =>
    tx.find('policy_lifecycle_audit', { event_type: 'monitoring_started' }),
  )
  assert.equal(events.length, 1)
  const candidate = await ports.store.read(tx => tx.last('policy_candidate', { id: candidateId }))
  assert.equal(candidate?.status, 'monitoring')
  assert.equal(candidate?.monitoring_started_at, seen.monitored_at)

  succeeded(await rollback(ports, 'ruth', applied.apply_record.id))
  refusedWith('illegal_move', await monitorCandidate(ports, request))
})

async function readLines(path: string): Promise<readonly string[]> {
  const { readFile } = await import('node:fs/promises')
  return (await readFile(path, 'utf8')).split('\n').filter(line => line !== '')
}
