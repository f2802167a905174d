import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { attackCorpusFiles } from '../../src/adapters/attack-corpus-files.ts'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { div } from '../../src/domain/arithmetic.ts'
import { ATTACK_NAMES, type AttackCase, type AttackName, type AttackResult } from '../../src/domain/attack.ts'
import { scanForAttacks } from '../../src/domain/attack-scan.ts'
import { ATTACKS, attackCandidate, blockingAttacks } from '../../src/domain/attacks.ts'
import { closedQuotes } from '../../src/domain/closed-quotes.ts'
import type { CorpusCase, CorpusScene } from '../../src/domain/corpus-case.ts'
import { corpusQuotes } from '../../src/domain/corpus-history.ts'
import { decide } from '../../src/domain/decision.ts'
import { LoggedSupport } from '../../src/domain/logged-support.ts'
import { quoteAt } from '../../src/domain/quote.ts'
import { columnsOfQuotes } from '../../src/domain/quotes-as-columns.ts'
import { WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { blockedAsExpected, type RedTeamRun, runRedTeam } from '../../src/loop/attack-corpus.ts'
import { attackCaseOf } from '../../src/loop/attack-scene.ts'
import { WEAKENINGS } from '../support/attack-weakenings.ts'
import { quotey } from '../support/command-line.ts'
import { succeeded } from '../support/installation.ts'

const engine = oracleEngine()
const cases: readonly CorpusCase[] = succeeded(await attackCorpusFiles())
/** Every attack as the checks see it, by name of the case. */
const attacked = new Map<string, AttackCase>()

before(async () => {
  for (const each of cases) attacked.set(each.name, await attackCaseOf(engine, each.scene))
})
after(() => engine.close())

const ownResult = (each: CorpusCase, seen: AttackCase): AttackResult => ({
  attack: each.attack,
  ...ATTACKS[each.attack](seen),
})
const sceneOf = (each: CorpusCase): AttackCase => attacked.get(each.name) as AttackCase
const named = (name: string): CorpusCase => cases.find(each => each.name === name) as CorpusCase

for (const each of cases) {
  test(`G1 ${each.attack}: ${each.story} is blocked, its harmless twin passes every attack`, async () => {
    const evaluation = attackCandidate(sceneOf(each))
    const own = evaluation.attacks.find(result => result.attack === each.attack) as AttackResult
    assert.ok(blockedAsExpected(each, own), JSON.stringify(own))
    assert.equal(evaluation.passed, false)
    assert.ok(own.smallest_set.length + own.contributors.length > 0, 'a block shows what drives it')
    const twin = attackCandidate(await attackCaseOf(engine, each.twin))
    assert.deepEqual(twin.blocking, [], JSON.stringify(twin.attacks, null, 1))
  })
}

test('G1 the corpus has at least 40 cases, several for every attack, one to a file', () => {
  assert.ok(cases.length >= 40, `${cases.length} cases`)
  for (const attack of ATTACK_NAMES) {
    assert.ok(cases.filter(each => each.attack === attack).length >= 4, attack)
  }
  const files = readdirSync(new URL('../../attacks/corpus', import.meta.url)).sort()
  assert.deepEqual(files, cases.map(each => `${each.name}.yaml`).sort())
})

test('G1 the corpus notices every named weakening of a check', t => {
  const unnoticed = WEAKENINGS.filter(({ attack, seen, instead }) =>
    cases
      .filter(each => each.attack === attack)
      .every(each => {
        const scene = seen === undefined ? sceneOf(each) : seen(sceneOf(each))
        return blockedAsExpected(each, { attack, ...(instead ?? ATTACKS[attack])(scene) })
      }),
  )
  t.diagnostic(`${WEAKENINGS.length} weakenings over ${cases.length} cases`)
  assert.deepEqual(
    unnoticed.map(({ weakness }) => weakness),
    [],
  )
  assert.deepEqual(new Set(WEAKENINGS.map(({ attack }) => attack)), new Set(ATTACK_NAMES))
})

/** A check that blocks more than it must: the twin of some case notices. */
const EXCESSES: readonly (readonly [AttackName, string, (attacked: AttackCase) => AttackCase])[] = [
  [
    'extrapolation',
    'what gains even at worst is not spared',
    ({ report, ...rest }) => ({
      ...rest,
      report: {
        ...report,
        support: { ...report.support, worst_case_expected_margin_delta_cents_per_quote: null },
      },
    }),
  ],
  [
    'biased_cohort_regression',
    'a cohort that earns more at a lower margin is not spared',
    ({ report, ...rest }) => ({
      ...rest,
      report: {
        ...report,
        by_segment: Object.fromEntries(
          Object.entries(report.by_segment).map(([key, slice]) => [
            key,
            { ...slice, expected_margin_delta_cents: { total: null, per_quote: null } },
          ]),
        ),
      },
    }),
  ],
  [
    'protected_attribute',
    'the age of a thing is taken for that of a person',
    attacked => ({
      ...attacked,
      thresholds: {
        ...attacked.thresholds,
        evidence: { ...attacked.thresholds.evidence, protected_attributes: ['vehicle_age', 'account_age'] },
      },
    }),
  ],
]

test('G1 the harmless twins notice a check that blocks more than it must', async () => {
  for (const [attack, excess, seen] of EXCESSES) {
    const noticed: boolean[] = []
    for (const each of cases.filter(one => one.attack === attack)) {
      noticed.push(ownResult(each, seen(await attackCaseOf(engine, each.twin))).outcome !== 'passed')
    }
    assert.ok(noticed.includes(true), excess)
  }
})

/** Limits of an attack that could be set too loosely, and how loose. */
const LIMITS: readonly (readonly [
  AttackName,
  'attacks' | 'evidence',
  string,
  string,
  (limit: number) => number,
])[] = [
  ['margin_collapse', 'attacks', 'margin_collapse', 'max_margin_loss_bps', limit => 2 * limit],
  ['margin_collapse', 'attacks', 'margin_collapse', 'max_quote_share_bps', limit => 2 * limit],
  [
    'biased_cohort_regression',
    'attacks',
    'biased_cohort_regression',
    'max_segment_loss_bps',
    limit => 2 * limit,
  ],
  ['violation_laundering', 'attacks', 'violation_laundering', 'max_not_replayable_delta', limit => limit + 1],
  ['extrapolation', 'attacks', 'extrapolation', 'max_extrapolated_share_bps', limit => 2 * limit],
  ['threshold_gaming', 'attacks', 'threshold_gaming', 'window_bps', limit => limit / 2],
  ['threshold_gaming', 'attacks', 'threshold_gaming', 'max_share_bps', limit => 2 * limit],
  ['protected_attribute', 'attacks', 'protected_attribute', 'max_association_bps', limit => 2 * limit],
  ['thin_segment', 'evidence', '', 'thin_segment_quotes', limit => limit / 2],
]

test('G1 the corpus notices every limit of an attack that is set twice as loose', async () => {
  for (const [attack, part, group, limit, loosen] of LIMITS) {
    const own = cases.filter(each => each.attack === attack)
    const noticed: boolean[] = []
    for (const each of own) {
      const scene = loosenedScene(each.scene, [part, group, limit], loosen)
      const own = ownResult(each, await attackCaseOf(engine, scene))
      noticed.push(own.outcome !== 'blocked')
    }
    assert.ok(noticed.includes(true), `${group}.${limit}`)
  }
})

/** The limit that each measure is held against. */
const MEASURED_AGAINST: Readonly<Partial<Record<AttackName, string>>> = {
  margin_collapse: 'max_quote_share_bps',
  biased_cohort_regression: 'max_segment_loss_bps',
  violation_laundering: 'max_not_replayable_delta',
  extrapolation: 'max_extrapolated_share_bps',
  threshold_gaming: 'max_share_bps',
  protected_attribute: 'max_association_bps',
}

test('G1 what stands exactly at its limit passes, what stands one beyond it is blocked and shown', async t => {
  let tried = 0
  for (const each of cases) {
    const limit = MEASURED_AGAINST[each.attack]
    const { measured, outcome } = ownResult(each, sceneOf(each))
    // An attribute of the list itself is no matter of degree.
    const named = each.attack === 'protected_attribute' && measured === 10_000
    if (limit === undefined || outcome !== 'blocked' || measured === null || named) continue
    const against = async (value: number): Promise<AttackResult> => {
      const scene = loosenedScene(each.scene, ['attacks', each.attack, limit], () => value)
      return ownResult(each, await attackCaseOf(engine, scene))
    }
    const at = await against(measured)
    assert.deepEqual([at.outcome, at.measured, at.smallest_set], ['passed', measured, []], each.name)
    const beyond = await against(measured - 1)
    assert.equal(beyond.outcome, 'blocked', each.name)
    assert.ok(beyond.smallest_set.length + beyond.contributors.length > 0, each.name)
    tried += 1
  }
  t.diagnostic(`${tried} cases at their limits`)
  assert.ok(tried >= 15, `${tried} cases`)
})

function loosenedScene(
  scene: CorpusScene,
  [part, group, limit]: readonly [string, string, string],
  loosen: (limit: number) => number,
): CorpusScene {
  const inForce = (tree: unknown, path: readonly string[]): unknown =>
    path
      .filter(key => key !== '')
      .reduce((at, key) => (at as Record<string, unknown> | undefined)?.[key], tree)
  const path = [part, group, limit]
  const value = loosen((inForce(scene.thresholds, path) ?? inForce(DEFAULT_THRESHOLDS, path)) as number)
  const inner =
    group === ''
      ? { [limit]: value }
      : { [group]: { ...(inForce(DEFAULT_THRESHOLDS, [part, group]) as object), [limit]: value } }
  return { ...scene, thresholds: { ...scene.thresholds, [part]: inner } }
}

test('G1 the smallest set of quotes exhibits the attack by itself, and no smaller one does', () => {
  const onQuotes = cases.filter(
    ({ attack }) => attack === 'violation_laundering' || attack === 'thin_segment',
  )
  assert.ok(onQuotes.length >= 8)
  for (const each of onQuotes) {
    const scene = sceneOf(each)
    const columns = columnsOfQuotes(corpusQuotes(each.scene.history, scene.base))
    const blockedOn = (quoteIds: readonly string[]): boolean => {
      const scope = { ...WHOLE_SNAPSHOT, quote_ids: quoteIds }
      const scan = scanForAttacks(columns, scope, scene.base, scene.candidate, scene.thresholds)
      return ownResult(each, { ...scene, scan }).outcome === 'blocked'
    }
    const { smallest_set: smallest } = each.expected
    assert.ok(blockedOn(smallest), each.name)
    for (const left of smallest) {
      const rest = smallest.filter(id => id !== left)
      assert.ok(rest.length === 0 || !blockedOn(rest), `${each.name} without ${left}`)
    }
  }
})

test('G1 the smallest set of candidates fails together and not without one of them', async () => {
  const scene = named('three-sign-offs').scene
  for (const left of ['cand_phone', 'cand_fair']) {
    const others = scene.others.filter(other => other.candidate_id !== left)
    const result = ownResult(named('three-sign-offs'), await attackCaseOf(engine, { ...scene, others }))
    assert.equal(result.outcome, 'passed', left)
  }
  const strangers = [
    { candidate_id: 'cand_a', diff: named('two-caps-lifted').scene.diff },
    { candidate_id: 'cand_b', diff: named('two-caps-lifted').scene.others[0]?.diff ?? [] },
  ]
  const harmless = {
    ...named('two-caps-lifted').scene,
    diff: named('two-sign-offs-dropped').twin.others[0]?.diff ?? [],
  }
  const apart = ownResult(
    named('two-caps-lifted'),
    await attackCaseOf(engine, { ...harmless, others: strangers }),
  )
  assert.equal(apart.outcome, 'passed', 'what two others fail without this one is no matter of this one')
})

test('G1 the scan of the attacks and the replay agree on what is changed', () => {
  for (const each of cases) {
    const { scan, report } = sceneOf(each)
    if (Object.keys(each.scene.report_of).length > 0) continue
    assert.equal(scan.impacted.quotes, report.blast_radius.impacted_quote_count, each.name)
    assert.equal(scan.scored, report.counts.scored, each.name)
  }
})

test('where approvals are recorded, what the attacks call unseen is what the replay calls extrapolated', () => {
  let compared = 0
  for (const each of cases) {
    const { history, report_of } = each.scene
    const runs = 'quotes' in history ? history.quotes : [history.market]
    if (runs.some(run => run.approvals === 'unrecorded') || Object.keys(report_of).length > 0) continue
    const { base, candidate, report } = sceneOf(each)
    if (report.counts.scored === 0) continue
    const columns = columnsOfQuotes(corpusQuotes(history, base))
    const support = new LoggedSupport(columns)
    let unseen = 0
    for (const row of closedQuotes(columns).rows) {
      const quote = quoteAt(columns, row)
      const [before, after] = [decide(base, quote), decide(candidate, quote)]
      if (before.kind !== 'decided' || after.kind !== 'decided') continue
      unseen += Number(support.isExtrapolated(quote, before, after))
    }
    assert.equal(div(unseen * 10_000, report.counts.scored), report.support.extrapolated_bps ?? 0, each.name)
    compared += 1
  }
  assert.ok(compared > 30)
})

test('G1 the corpus runs as a command on the default engine, and a build that passes an attack is refused', async () => {
  const ports = { engine: async () => columnarEngine(), progress: () => undefined }
  const some = cases.filter(each => ['extrapolation', 'protected_attribute'].includes(each.attack))
  const run = succeeded(await runRedTeam(ports, some))
  assert.deepEqual([run.ok, run.cases, run.failed], [true, some.length, []])
  const first = some[0] as CorpusCase
  const harmless = { ...first, scene: first.twin }
  const refused = await runRedTeam(ports, [harmless])
  assert.ok(!refused.ok && refused.refusal.code === 'audit_broken')
})

test('G1 the command of docs/red-team.md tries the whole corpus, without an installation', async () => {
  const page = readFileSync(new URL('../../docs/red-team.md', import.meta.url), 'utf8')
  const [, line = ''] = /<!-- run -->\n```sh\nnpx quotey (.+)\n```/.exec(page) ?? []
  const home = join(tmpdir(), 'quotey-nowhere')
  const ended = await quotey(home, null, ...line.split(' '), '--json')
  assert.equal(ended.exitCode, 0, ended.stderr)
  const run = ended.json as RedTeamRun
  assert.deepEqual([run.ok, run.cases, run.attacks.length], [true, cases.length, ATTACK_NAMES.length])
  assert.ok(!existsSync(home))
  for (const attack of ATTACK_NAMES) assert.ok(page.includes(`| \`${attack}\` |`), attack)
})

test('R5 an attack without data is unknown and blocks, unless its measure is declared not required', async () => {
  const { scene } = named('tightened-beyond-history')
  const quotes = [{ ...('quotes' in scene.history ? scene.history.quotes[0] : undefined), cost_cents: null }]
  const history = { quotes } as unknown as CorpusScene['history']
  const priceless = await attackCaseOf(engine, { ...named('tightened-beyond-history').twin, history })
  const { attacks, blocking } = attackCandidate(priceless)
  const unknown = attacks.filter(result => result.outcome === 'unknown').map(result => result.attack)
  assert.deepEqual(unknown, ['margin_collapse', 'biased_cohort_regression'])
  assert.deepEqual(blocking, unknown)
  assert.deepEqual(blockingAttacks(attacks, unknown), [])
  const collapse = sceneOf(named('cap-opened-wide'))
  const thresholds = {
    ...DEFAULT_THRESHOLDS,
    guardrails: { ...DEFAULT_THRESHOLDS.guardrails, not_required: [...ATTACK_NAMES] },
  }
  assert.ok(attackCandidate({ ...collapse, thresholds }).blocking.includes('margin_collapse'))
})
