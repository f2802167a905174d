import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
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

/** A line that must be refused, with the code that its page says. */
const REFUSED = /^(?<command>.*?)\s+# refused: (?<code>\w+).*$/gm

const SHELL = `
refused() {
  if "$@" >said 2>&1; then cat said; return 1; fi
  grep -q "refused ($expected)" said || { cat said; return 1; }
}
`

/** Runs lines in a folder as a shell would in a clone, where `npx quotey` is the command; the first failure ends it. */
function runIn(folder: string, lines: string): void {
  const bin = mkdtempSync(join(tmpdir(), 'quotey-npx-'))
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${join(root, 'bin', 'quotey.mjs')}" "$@"\n`
  writeFileSync(join(bin, 'npx'), npx, { mode: 0o755 })
  const script = SHELL + lines.replaceAll(REFUSED, 'expected=$<code>; refused $<command>')
  const { PATH, HOME } = process.env
  const env = { PATH: `${bin}:${PATH}`, HOME, EXAMPLES: join(root, 'examples') }
  try {
    const ended = spawnSync('sh', ['-e', '-x', '-c', script], { cwd: folder, env, encoding: 'utf8' })
    assert.equal(ended.status, 0, `${ended.stdout}\n${ended.stderr}`)
  } finally {
    rmSync(bin, { recursive: true })
  }
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

const PAGES = readdirSync(join(root, 'docs'))
  .filter(name => name.endsWith('.md') && runnable(`docs/${name}`) !== '')
  // Needs a server: test/journeys/clickhouse.test.ts runs it.
  .filter(name => name !== 'clickhouse.md')
  .map(name => name.replace(/\.md$/, ''))

for (const name of PAGES) {
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

test('O1 the lines for sqlite3 in docs run as they stand, in the folder of the installation', context => {
  if (spawnSync('sqlite3', ['--version']).status !== 0)
    return context.skip('2 lines left out: no sqlite3 here')
  symlinkSync(join(root, 'sql'), join(toured, 'sql'))
  for (const [name, said] of [
    ['kpis', /rollback_spike_alert/],
    ['databases', /^1\|1\|/],
  ] as const) {
    const [line] = page(`docs/${name}.md`).match(/^sqlite3 .+$/m) ?? []
    assert.ok(line, name)
    const ended = spawnSync('sh', ['-c', line], { cwd: toured, encoding: 'utf8' })
    assert.equal(ended.status, 0, ended.stderr)
    assert.match(ended.stdout, said)
  }
})

/** Command lines of pages that no test runs from the page, and why. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [
    /^npx quotey --as cron serve$/,
    'runs until it is stopped: test/journeys/serve.test.ts starts and stops it',
  ],
  [
    /^([\d*/-]+ +){5}quotey .*\bops (daily|weekly|deliver)$/,
    'a line of a cron table: the block above it runs the job',
  ],
]

/** Lines in fences and indented blocks of a page that call our command, without those that are run, here or beside a server. */
function unrunCommands(name: string): readonly string[] {
  const text = page(name).replaceAll(/<!-- run( on a server)? -->\n```sh\n[\s\S]*?```/g, '')
  const fenced = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].flatMap(([, body]) =>
    (body ?? '').split('\n'),
  )
  const indented = (text.replaceAll(/^```[\s\S]*?^```/gm, '').match(/^ {4,}.*$/gm) ?? []).map(line =>
    line.trim(),
  )
  return [...fenced, ...indented].filter(line =>
    /^([A-Z_]+=\S+ |[\d*/-]+ +)*(npx )?quotey /.test(line.trim()),
  )
}

test('O1 no page of ours shows a command that no test runs, but for a few with a reason', context => {
  const pages = [
    ...readdirSync(root).filter(name => name.endsWith('.md')),
    ...readdirSync(join(root, 'docs'))
      .filter(name => name.endsWith('.md'))
      .map(name => `docs/${name}`),
  ]
  const lines = pages.flatMap(name => unrunCommands(name).map(line => ({ name, line: line.trim() })))
  const excused = lines.filter(({ line }) => NOT_RUN.some(([pattern]) => pattern.test(line)))
  const left = lines.filter(each => !excused.includes(each))
  assert.deepEqual(left, [])
  for (const [pattern, why] of NOT_RUN) {
    assert.ok(
      excused.some(({ line }) => pattern.test(line)),
      `${pattern} excuses nothing any more: ${why}`,
    )
  }
  context.diagnostic(`${PAGES.length} pages are run, ${excused.length} lines are excused`)
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
