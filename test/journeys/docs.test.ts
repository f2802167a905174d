import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { RUNBOOK } from '../../prove/runbook/steps.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { CONTROLS } from '../../src/domain/controls.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const page = (name: string): string => readFileSync(join(root, name), 'utf8')

/** The commands of a page that are to be run, in order, as they stand. */
const runnable = (name: string): string =>
  [...page(name).matchAll(/<!-- run -->\n```sh\n([\s\S]*?)```/g)].map(block => block[1]).join('')

/** Runs lines in a folder as a shell would in a clone, where `npx quotey` is the command; the first failure ends it. */
function runIn(folder: string, lines: string): void {
  const npx = `npx() { shift; "${process.execPath}" "${join(root, 'bin', 'quotey.mjs')}" "$@"; }\n`
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, EXAMPLES: join(root, 'examples') }
  const ended = spawnSync('sh', ['-e', '-x', '-c', npx + lines], { cwd: folder, env, encoding: 'utf8' })
  assert.equal(ended.status, 0, `${ended.stdout}\n${ended.stderr}`)
}

let toured = ''
before(() => {
  toured = mkdtempSync(join(tmpdir(), 'quotey-docs-'))
  const tour = runnable('README.md').split('\n')
  const end = tour.findIndex(line => line.includes('policy-opt rollback'))
  assert.ok(end > 10, 'the README goes as far as a rollback')
  runIn(toured, tour.slice(0, end).join('\n'))
})
after(() => rmSync(toured, { recursive: true, force: true }))

for (const name of ['runbook', 'first-policy', 'crm', 'packet', 'keys', 'kpis', 'durability']) {
  test(`O1 the commands of docs/${name}.md run as they stand, after the README's tour up to its rollback`, () => {
    const lines = runnable(`docs/${name}.md`)
    assert.notEqual(lines.trim(), '')
    const folder = mkdtempSync(join(tmpdir(), `quotey-docs-${name}-`))
    try {
      // With its permissions, which `doctor` looks at.
      spawnSync('cp', ['-a', `${toured}/.`, folder])
      runIn(folder, lines)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

test('O1 the line for sqlite3 in docs/kpis.md runs as it stands, in the folder of the installation', context => {
  if (spawnSync('sqlite3', ['--version']).status !== 0)
    return context.skip('1 test left out: no sqlite3 here')
  const [line] = page('docs/kpis.md').match(/^sqlite3 .+$/m) ?? []
  assert.ok(line)
  symlinkSync(join(root, 'sql'), join(toured, 'sql'))
  const ended = spawnSync('sh', ['-c', line], { cwd: toured, encoding: 'utf8' })
  assert.equal(ended.status, 0, ended.stderr)
  assert.match(ended.stdout, /rollback_spike_alert/)
})

test('docs/runbook.md has the control matrix as the authorizer has it', () => {
  const rows = CONTROLS.map(control => {
    const roles = control.roles.join(control.together ? ' and ' : ', ')
    return `| ${control.id} | ${control.name} | \`quotey ${control.command}\` | ${roles} | ${control.auditArtifact} |`
  })
  const written = page('docs/runbook.md').match(/^\| CLO-CTRL-.+$/gm)
  assert.deepEqual(written, rows)
})

test('O1 every step of docs/runbook.md has a command that exists, and is played by `npm run prove -- runbook`', () => {
  const rows = [
    ...page('docs/runbook.md').matchAll(/^\| (\d[\d.]*) \| (.+?) \| `quotey (?:--as \w+ )?([^`]+)`/gm),
  ]
  assert.ok(rows.length >= 35, `${rows.length} steps`)
  const known = COMMANDS.map(entry => entry.words.join(' '))
  const strange = rows.filter(row => !known.some(words => (row[3] as string).startsWith(words)))
  assert.deepEqual(
    strange.map(row => row[3]),
    [],
  )
  const listed = new Set(rows.map(row => `${row[1]} ${row[2]}`))
  const played = new Set(RUNBOOK.map(({ section, step }) => `${section} ${step}`))
  assert.deepEqual([...listed].sort(), [...played].sort())
})
