import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { quotey } from '../support/command-line.ts'

const STARTER = fileURLToPath(new URL('../../policies/starter.yaml', import.meta.url))
let folder: string
let home: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quotey-policy-'))
  home = join(folder, 'home')
  const made = await quotey(home, null, 'init', '--json')
  assert.equal(made.exitCode, 0, made.stderr)
})
after(() => rm(folder, { recursive: true, force: true }))

async function starterWith(from: string, to: string): Promise<string> {
  const text = await readFile(STARTER, 'utf8')
  assert.ok(text.includes(from))
  const path = join(folder, `${to.replace(/\W+/g, '-')}.yaml`)
  await writeFile(path, text.replace(from, to))
  return path
}

test('`policy check` works without an installation and names every fault with line and column', async () => {
  const nowhere = join(folder, 'nowhere')
  const sound = await quotey(nowhere, null, 'policy', 'check', STARTER, '--json')
  assert.equal(sound.exitCode, 0, sound.stderr)
  const { ok, digest, rules, findings } = sound.json as Record<string, unknown>
  assert.deepEqual([ok, rules, findings], [true, 10, []])
  assert.match(String(digest), /^sha256:[0-9a-f]{64}$/)

  const path = await starterWith('quote.segment == "smb"', 'quote.segmnt == "smb"')
  const refused = await quotey(nowhere, null, 'policy', 'check', path, '--json')
  assert.equal(refused.exitCode, 2)
  const { refusal } = refused.json as { refusal: { code: string; facts: { findings: object[] } } }
  assert.equal(refusal.code, 'invalid_policy')
  assert.equal(refusal.facts.findings.length, 1)
  const text = await readFile(path, 'utf8')
  const line = text.slice(0, text.indexOf('quote.segmnt')).split('\n').length
  assert.partialDeepStrictEqual(refusal.facts.findings[0], {
    code: 'unknown_attribute',
    line,
    column: 11,
    rule_id: 'discount-cap-smb',
  })

  const missing = await quotey(nowhere, null, 'policy', 'check', join(folder, 'none.yaml'), '--json')
  assert.equal(missing.exitCode, 2)
  assert.partialDeepStrictEqual(missing.json, { refusal: { code: 'not_found' } })
})

test('`policy show` gives the active policy, as text one that can be read again', async () => {
  const shown = await quotey(home, null, 'policy', 'show', '--json')
  assert.partialDeepStrictEqual(shown.json, { version: 1, epoch: 1, document: { schema: 'clo_policy.v1' } })
  const path = join(folder, 'shown.yaml')
  await writeFile(path, (await quotey(home, null, 'policy', 'show')).stdout)
  const again = await quotey(home, null, 'policy', 'check', path, '--json')
  assert.equal((again.json as { digest: string }).digest, (shown.json as { digest: string }).digest)
})

test('`policy diff --prove` says equal, never looser, or looser with a quote that shows it', async () => {
  const tighter = await starterWith('cap_bps: 1800', 'cap_bps: 1750')
  const proved = async (base: string, candidate: string) => {
    const ended = await quotey(home, null, 'policy', 'diff', base, candidate, '--prove', '--json')
    assert.equal(ended.exitCode, 0, ended.stderr)
    return ended.json as {
      rule_diffs: object[]
      verdict: string
      reason: unknown
      counterexample: null | Record<'quote' | 'base' | 'candidate', Record<string, number | string>>
    }
  }
  const change = { rule_id: 'discount-cap-smb', operation: 'update', field: 'cap_bps', rationale: '' }
  assert.deepEqual(await proved('1', tighter), {
    rule_diffs: [{ ...change, from: 1800, to: 1750 }],
    verdict: 'never_looser',
    counterexample: null,
    reason: null,
  })
  const { counterexample, verdict, reason } = await proved(tighter, '1')
  assert.deepEqual([verdict, reason], ['looser', null])
  assert.ok(
    Number(counterexample?.candidate.granted_discount_bps) >
      Number(counterexample?.base.granted_discount_bps),
  )

  const decided = await quotey(
    home,
    null,
    'policy',
    'decide',
    '--quote',
    JSON.stringify(counterexample?.quote),
    '--json',
  )
  assert.partialDeepStrictEqual(decided.json, { policy_version: 1, ...counterexample?.candidate })

  const equal = await proved(STARTER, '1')
  assert.deepEqual([equal.rule_diffs, equal.verdict], [[], 'equal'])
  const unknown = await quotey(home, null, 'policy', 'diff', '1', '99', '--json')
  assert.partialDeepStrictEqual(unknown.json, { refusal: { code: 'not_found' } })
})

test('`policy decide` says what each rule does to a quote, and asks for what it lacks', async () => {
  const decide = (quote: object) =>
    quotey(home, null, 'policy', 'decide', '--quote', JSON.stringify(quote), '--json')
  const quote = { segment: ' SMB', region: 'apac', list_cents: 1_000_000, requested_discount_bps: 2_500 }
  const decided = await decide({ ...quote, cost_cents: 750_000 })
  assert.deepEqual(decided.json, {
    policy_version: 1,
    granted_discount_bps: 1800,
    net_cents: 820_000,
    margin_bps: 854,
    approval_required: true,
    approvers: ['regional_director'],
    violations: ['margin-floor', 'margin-floor-smb'],
    rules: [
      { rule_id: 'discount-cap-smb', matched: true, effect: 'limits_grant' },
      { rule_id: 'discount-cap-mid-market', matched: false, effect: 'none' },
      { rule_id: 'discount-cap-enterprise', matched: false, effect: 'none' },
      { rule_id: 'discount-cap-unlisted-segment', matched: false, effect: 'none' },
      { rule_id: 'margin-floor', matched: true, effect: 'violated' },
      { rule_id: 'margin-floor-smb', matched: true, effect: 'violated' },
      { rule_id: 'manager-approval', matched: false, effect: 'none' },
      { rule_id: 'regional-approval-apac', matched: true, effect: 'requires_approval' },
      { rule_id: 'large-deal-approval', matched: false, effect: 'none' },
      { rule_id: 'never-below-cost', matched: false, effect: 'none' },
    ],
  })
  const lacking = await decide(quote)
  assert.equal(lacking.exitCode, 2)
  assert.partialDeepStrictEqual(lacking.json, {
    refusal: { code: 'bad_input', facts: { missing: ['cost_cents'] } },
  })
  const misnamed = await decide({ ...quote, discount: 5 })
  assert.partialDeepStrictEqual(misnamed.json, { refusal: { code: 'bad_input' } })
})
