import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const CHANGE = {
  rule_id: 'discount-cap-enterprise',
  operation: 'update',
  field: 'cap_bps',
  from: 3000,
  to: 2450,
  rationale: 'a step',
}

test('the published package runs from its bundle alone, worker threads and shipped files included', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quotey-package-'))
  const inPackage = join(folder, 'package')
  const run = (...words: string[]) =>
    spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8', timeout: 120_000 })
  const quotey = (...words: string[]) => {
    const ended = run(join(inPackage, 'bin', 'quotey.mjs'), ...words)
    assert.equal(ended.status, 0, `quotey ${words.join(' ')}\n${ended.stdout}${ended.stderr}`)
    return ended.stdout
  }
  try {
    const built = run(join(root, 'scripts', 'build.mjs'), join(inPackage, 'dist'))
    assert.equal(built.status, 0, built.stderr)
    for (const part of ['package.json', 'bin', 'policies', 'presets', 'sql', 'scripts']) {
      cpSync(join(root, part), join(inPackage, part), { recursive: true })
    }
    symlinkSync(join(root, 'node_modules'), join(inPackage, 'node_modules'), 'dir')
    quotey('init')
    quotey('actor', 'add', '--id', 'ana', '--role', 'revenue_ops')
    quotey('history', 'simulate', '--seed', '2', '--quotes', '60000', '--out', 'quotes.csv')
    quotey('history', 'import', 'quotes.csv', '--json')
    assert.match(quotey('kpi', 'summary'), /candidates proposed/)
    writeFileSync(join(folder, 'diff.json'), JSON.stringify({ base_policy_version: 1, rule_diffs: [CHANGE] }))
    assert.match(quotey('--as', 'ana', 'policy-opt', 'propose', '--from', 'diff.json'), /candidate/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
