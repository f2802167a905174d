import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { COMMANDS } from '../src/cli/commands.ts'
import { CONTROLS } from '../src/domain/controls.ts'
import { STEPS } from '../src/loop/steps.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root })
  .toString()
  .split('\n')
  .filter(path => path !== '' && existsSync(join(root, path)))
const sources = tracked.filter(path => /^src\/.*\.tsx?$/.test(path))
const tests = tracked.filter(path => /^test\/.*\.test\.ts$/.test(path))

/** Where each ring may import from; what is not listed is refused. */
const RINGS: Readonly<
  Record<string, { readonly rings: readonly string[]; readonly node: readonly string[] }>
> = {
  domain: { rings: ['domain'], node: [] },
  evidence: { rings: ['domain', 'evidence'], node: ['node:crypto'] },
  loop: { rings: ['domain', 'evidence', 'loop'], node: [] },
  adapters: { rings: ['domain', 'evidence', 'loop', 'adapters'], node: ['*'] },
  http: { rings: ['domain', 'evidence', 'loop', 'http'], node: [] },
}

const importsOf = (path: string): readonly string[] =>
  [...read(path).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(match => match[1] as string)

test('each ring imports only what lies inside it; remedy: hand the thing in through a port', () => {
  const wrong: string[] = []
  for (const path of sources) {
    const ring = /^src\/(\w+)\//.exec(path)?.[1] ?? ''
    const allowed = RINGS[ring]
    if (allowed === undefined) continue
    for (const target of importsOf(path)) {
      if (target.startsWith('node:')) {
        if (!allowed.node.includes('*') && !allowed.node.includes(target)) wrong.push(`${path}: ${target}`)
      } else if (target.startsWith('.')) {
        const into = /^src\/(\w+)\//.exec(join(dirname(path), target))?.[1] ?? 'src'
        if (!allowed.rings.includes(into)) wrong.push(`${path}: ${target}`)
      }
    }
  }
  assert.deepEqual(wrong, [])
})

test('only config.ts reads the environment, and no inner ring reads a clock or chance', () => {
  const wrong = sources.filter(path => path !== 'src/config.ts' && /process\.env\b/.test(read(path)))
  const inner = sources.filter(path => /^src\/(domain|evidence|loop)\//.test(path))
  const ambient = inner.filter(path =>
    /Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(/.test(read(path)),
  )
  assert.deepEqual([...wrong, ...ambient], [])
})

/** Files that may be longer, and why. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'src/loop/tables.ts': 'one list, the rows of the store; cut in two it would have to be read twice',
}

test('a file is one idea: no source file has over 250 lines', () => {
  const long = sources.filter(path => !(path in LONG_FILES) && read(path).split('\n').length > 251)
  assert.deepEqual(long, [])
})

test('names are nouns of the field: no utils, helpers, manager, data, info', () => {
  const vague = tracked.filter(path =>
    /(^|\/)(utils?|helpers?|manager|data|info|misc|common)(\/|\.)/.test(path),
  )
  assert.deepEqual(vague, [])
})

test('no check is switched off and nothing is left for later', () => {
  const marks = /\bTODO\b|\bFIXME\b|\bXXX\b|@ts-ignore|@ts-expect-error|biome-ignore|\bas any\b|\.only\(/
  const weak = [...sources, ...tests].filter(path => path !== 'test/tidy.test.ts' && marks.test(read(path)))
  assert.deepEqual(weak, [])
})

test('every promise of SPEC.md is cited by a test title or marked as owed', () => {
  const rows = [...read('SPEC.md').matchAll(/^\| ([A-Z]\d) \| .+ \|\s*([^|]*?)\s*\|$/gm)]
  assert.equal(rows.length, 29, 'rows of promises in SPEC.md')
  const titles = tests.flatMap(path => [...read(path).matchAll(/\b(?:test|it|describe)\(\s*[`'"]([^`'"]+)/g)])
  const cited = new Set(titles.flatMap(match => (match[1] as string).match(/\b[REGALPVKDO]\d\b/g) ?? []))
  const unshown = rows.filter(
    ([, name, state]) => !cited.has(name as string) && !(state as string).startsWith('owed'),
  )
  assert.deepEqual(
    unshown.map(([, name]) => name),
    [],
  )
})

test('every command of the loop and of the control matrix exists', () => {
  const known = COMMANDS.map(entry => entry.words.join(' '))
  const spoken = [...STEPS.map(step => step.command), ...CONTROLS.map(control => control.command)]
  const missing = spoken.filter(command => !known.some(words => command.startsWith(words)))
  assert.deepEqual(missing, [])
})

test('decision records are half a page: title, context, decision, consequence', () => {
  for (const path of tracked.filter(name => name.startsWith('docs/decisions/'))) {
    const text = read(path)
    assert.match(text, /^# \d{4} .+/, path)
    assert.ok(text.split('\n').length <= 45, `${path} is longer than half a page`)
  }
})
