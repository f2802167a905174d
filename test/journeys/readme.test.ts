import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const launcher = join(root, 'bin', 'quotey.mjs')

test('O1 the commands of the README run as they stand, in order, in an empty folder', () => {
  const blocks = [
    ...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/<!-- run -->\n```sh\n([\s\S]*?)```/g),
  ]
  const lines = blocks.flatMap(block => (block[1] as string).trim().split('\n'))
  assert.ok(lines.length > 10, 'the README has commands to run')
  const folder = mkdtempSync(join(tmpdir(), 'quotey-readme-'))
  try {
    for (const line of lines) {
      const words = line.replace(/^npx quotey /, `"${process.execPath}" "${launcher}" `)
      const ended = spawnSync(words, { cwd: folder, shell: true, encoding: 'utf8' })
      assert.equal(ended.status, 0, `${line}\n${ended.stdout}\n${ended.stderr}`)
      assert.notEqual(ended.stdout.trim(), '', `${line} says nothing`)
    }
    assert.ok(existsSync(join(folder, '.quotey', 'quotey.db')))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
