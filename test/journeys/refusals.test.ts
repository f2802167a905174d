import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { quotey } from '../support/command-line.ts'

let folder = ''
let home = ''
const file = (name: string): string => join(folder, name)

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quotey-refusals-'))
  home = join(folder, 'home')
  for (const words of [
    ['init'],
    ['actor', 'add', '--id', 'ana', '--role', 'revenue_ops'],
    ['actor', 'add', '--id', 'sam', '--role', 'safety_owner'],
    ['actor', 'add', '--id', 'ruth', '--role', 'runtime_owner'],
    ['history', 'simulate', '--seed', '3', '--quotes', '1200', '--out', file('quotes.csv')],
    ['history', 'import', file('quotes.csv')],
  ]) {
    const ended = await quotey(home, null, ...words)
    assert.equal(ended.exitCode, 0, `${words.join(' ')}: ${ended.stderr}`)
  }
})
after(() => rm(folder, { recursive: true, force: true }))

/** The refusal's code and the exit code, after checking its form and that no audit entry was written. */
async function refusalOf(
  actor: string | null,
  ...words: string[]
): Promise<{ code: string; exitCode: number; remedy: string }> {
  const entriesBefore = await auditEntries()
  const ended = await quotey(home, actor, '--json', ...words)
  const { refusal } = (ended.json ?? {}) as {
    refusal?: { code: string; message: string; facts: object; remedy: string }
  }
  assert.ok(refusal, `expected a refusal of ${words.join(' ')}: ${ended.stdout}${ended.stderr}`)
  assert.ok(refusal.message.length > 0 && refusal.remedy.length > 0 && typeof refusal.facts === 'object')
  assert.equal(await auditEntries(), entriesBefore, `${words.join(' ')} left something behind`)
  return { code: refusal.code, exitCode: ended.exitCode, remedy: refusal.remedy }
}

async function auditEntries(): Promise<number> {
  const ended = await quotey(home, null, '--json', 'audit', 'verify')
  const { ok, entries } = ended.json as { ok: boolean; entries: number }
  assert.equal(ok, true, ended.stdout)
  return entries
}

test('a missing file is refused with exit code 2', async () => {
  const { code, exitCode } = await refusalOf(null, 'history', 'import', file('nowhere.csv'))
  assert.deepEqual([code, exitCode], ['not_found', 2])
})

test('R4 broken rows are counted and reported, and beyond --max-rejects the import is refused', async () => {
  const lines = (await readFile(file('quotes.csv'), 'utf8')).trimEnd().split('\n')
  const header = (lines[0] as string).split(',')
  const listAt = header.indexOf('list_cents')
  const broken = lines.slice(0, 101).map((line, at) => {
    if (at === 0 || at % 10 !== 0) return line
    const cells = line.split(',')
    cells[listAt] = 'a lot'
    return cells.join(',')
  })
  await writeFile(file('broken.csv'), `${broken.join('\n')}\n`)
  const { code, exitCode } = await refusalOf(
    null,
    'history',
    'import',
    file('broken.csv'),
    '--max-rejects',
    '9',
  )
  assert.deepEqual([code, exitCode], ['bad_input', 2])
  const ended = await quotey(
    home,
    null,
    '--json',
    'history',
    'import',
    file('broken.csv'),
    '--max-rejects',
    '10',
  )
  assert.equal(ended.exitCode, 0, ended.stdout)
  const counts = ended.json as {
    rows: number
    accepted: number
    rejected: number
    reject_report: string
    reject_reasons: object[]
  }
  assert.deepEqual([counts.rows, counts.accepted, counts.rejected], [100, 90, 10])
  assert.match(await readFile(counts.reject_report, 'utf8'), /list_cents/)
  assert.deepEqual(
    counts.reject_reasons.map(reason => [
      (reason as { column: string }).column,
      (reason as { cells: number }).cells,
    ]),
    [['list_cents', 10]],
  )
})

test('an unknown attribute in a rule is refused with line and column', async () => {
  await writeFile(
    file('unknown.yaml'),
    'schema: clo_policy.v1\nname: p\nrules:\n  - id: a\n    kind: approval\n    when: quote.mood == "good"\n    approver: boss\n',
  )
  const ended = await quotey(home, null, '--json', 'policy', 'check', file('unknown.yaml'))
  assert.equal(ended.exitCode, 2)
  assert.match(ended.stdout, /invalid_policy/)
  assert.match(ended.stdout, /"line": 6/)
})

test('a diff for another base version is refused', async () => {
  await writeFile(file('diff.json'), JSON.stringify({ base_policy_version: 9, rule_diffs: [] }))
  const { code, exitCode } = await refusalOf('ana', 'policy-opt', 'propose', '--from', file('diff.json'))
  assert.deepEqual([code, exitCode], ['base_version_moved', 3])
})

test('a reject without a reason, and an actor without the role, are refused', async () => {
  const shown = await quotey(home, null, '--json', 'policy', 'show')
  const { document } = shown.json as {
    document: {
      rules: {
        id: string
        tune?: Record<string, { min: number; max: number; step: number }>
        params: Record<string, number>
      }[]
    }
  }
  const rule = document.rules.find(each => each.tune !== undefined)
  assert.ok(rule?.tune)
  const [field, range] = Object.entries(rule.tune)[0] as [string, { min: number; max: number; step: number }]
  const from = rule.params[field] as number
  const to = from - range.step >= range.min ? from - range.step : from + range.step
  const change = { rule_id: rule.id, operation: 'update', field, from, to, rationale: 'try a step' }
  await writeFile(file('step.json'), JSON.stringify({ base_policy_version: 1, rule_diffs: [change] }))
  const notHers = await refusalOf('sam', 'policy-opt', 'propose', '--from', file('step.json'))
  assert.deepEqual([notHers.code, notHers.exitCode], ['not_authorised', 3])
  const unknown = await refusalOf('mallory', 'policy-opt', 'propose', '--from', file('step.json'))
  assert.deepEqual([unknown.code, unknown.exitCode], ['not_authorised', 3])
  const nobody = await refusalOf(null, 'policy-opt', 'propose', '--from', file('step.json'))
  assert.deepEqual([nobody.code, nobody.exitCode], ['bad_input', 2])

  const proposed = await quotey(home, 'ana', '--json', 'policy-opt', 'propose', '--from', file('step.json'))
  assert.equal(proposed.exitCode, 0, proposed.stdout + proposed.stderr)
  const { candidates } = proposed.json as { candidates: { candidate_id: string }[] }
  const candidate = candidates[0]?.candidate_id as string
  assert.equal((await quotey(home, 'ana', 'policy-opt', 'replay', candidate)).exitCode, 0)
  const built = await quotey(home, 'ana', '--json', 'policy-packet', 'build', candidate)
  const { packet_id } = built.json as { packet_id: string }
  const bare = await refusalOf('sam', 'policy-packet', 'action', packet_id, '--decision', 'reject')
  assert.deepEqual([bare.code, bare.exitCode], ['reason_required', 2])
  const early = await refusalOf('ruth', 'policy-opt', 'apply', candidate)
  assert.equal(early.exitCode, 3)
})

test('a command that does not exist, and an installation that is not there, are refused with a remedy', async () => {
  const ended = await quotey(home, null, '--json', 'policy-opt', 'conquer')
  assert.equal(ended.exitCode, 2)
  assert.match(ended.stdout, /"refusal"/)
  const nowhere = await quotey(file('no-home'), null, '--json', 'policy', 'show')
  assert.equal(nowhere.exitCode, 2)
  assert.match(nowhere.stdout, /quotey init/)
})

test('a folder in place of a file of quotes is called a folder', async () => {
  const ended = await quotey(home, null, 'history', 'import', folder)
  assert.equal(ended.exitCode, 2)
  assert.match(ended.stderr, /is a folder/)
})

test('a report that cannot be written is refused before the loop is turned', async () => {
  for (const place of [folder, file('no-such-folder/report.html')]) {
    assert.equal((await refusalOf(null, 'demo', '--report', place)).code, 'bad_input')
  }
})

test('quotes that no simulation made are never overwritten by one, and simulated ones are', async () => {
  await writeFile(file('own.csv'), 'mine\n')
  const again = ['history', 'simulate', '--seed', '3', '--quotes', '20', '--out']
  assert.deepEqual((await refusalOf(null, ...again, file('own.csv'))).code, 'bad_input')
  assert.equal(await readFile(file('own.csv'), 'utf8'), 'mine\n')
  assert.equal((await quotey(home, null, ...again, file('again.csv'))).exitCode, 0)
  assert.equal((await quotey(home, null, ...again, file('again.csv'))).exitCode, 0)
})

test('what is missing from a quote or a mapping is said in plain words', async () => {
  const decided = await quotey(home, null, 'policy', 'decide', '--quote', '{"segment":"smb"}')
  assert.match(decided.stderr, /`list_cents`: expected number, and it is missing/)
  await writeFile(file('text.yaml'), 'only text\n')
  const mapped = await quotey(home, null, 'history', 'import', file('quotes.csv'), '--map', file('text.yaml'))
  assert.match(mapped.stderr, /the mapping is wrong at `the document`: expected object/)
})

test('a reader who stops early, as head does, is no fault', async () => {
  const entry = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
  const child = spawn(process.execPath, [entry, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let said = ''
  child.stderr.on('data', chunk => {
    said += chunk
  })
  const [exitCode] = await once(child, 'close')
  assert.deepEqual([exitCode, said], [0, ''])
})

test('the version is that of the package, and a variable set to nothing counts as not set', async () => {
  const { version } = JSON.parse(
    await readFile(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'),
  ) as { version: string }
  assert.equal((await quotey(home, null, '--version')).stdout, `${version}\n`)
  const {
    home: chosen,
    actorId,
    keysFolder,
  } = readConfig({}, { QUOTEY_HOME: '', QUOTEY_ACTOR: '', QUOTEY_KEYS: '' })
  assert.deepEqual([chosen, actorId, keysFolder], [resolve('.quotey'), null, resolve('.quotey', 'keys')])
})

test('the help of a command names the options that every command takes', async () => {
  const { stdout } = await quotey(home, null, 'policy-opt', 'apply', '--help')
  for (const shown of ['--home', '--as', '--json', 'or latest']) assert.ok(stdout.includes(shown), shown)
})
