import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { quotey } from '../support/command-line.ts'
import { scratchFolder } from '../support/fresh-home.ts'

test('people come and go by command: added, granted, rotated, revoked, and the keyring handed to two of them', async () => {
  using folder = scratchFolder()
  const home = join(folder.path, 'home')
  const file = (name: string): string => join(folder.path, name)
  const run = async (exitCode: number, ...words: string[]): Promise<Record<string, never>> => {
    const ended = await quotey(home, null, ...words, '--json')
    assert.equal(ended.exitCode, exitCode, `${words.join(' ')}: ${ended.stdout}${ended.stderr}`)
    return ended.json as Record<string, never>
  }
  await run(0, 'init')
  await run(0, 'actor', 'add', '--id', 'ana', '--role', 'revenue_ops')
  await run(0, 'actor', 'add', '--id', 'ruth', '--role', 'runtime_owner')
  const granted = await run(0, 'actor', 'grant', '--id', 'ana', '--role', 'safety_owner')
  assert.deepEqual(granted.roles, ['revenue_ops', 'safety_owner'])
  const rotated = await run(0, 'actor', 'rotate', '--id', 'ana', '--reason', 'yearly')
  assert.equal((rotated.revoked_key_ids as string[]).length, 1)
  const report = await run(0, 'actor', 'authority')
  assert.equal(report.ok, true)
  for (const holder of ['ana', 'ruth']) await run(0, 'actor', 'root', 'add', '--holder', holder)
  await run(0, 'actor', 'root', 'threshold', '2')
  const shown = await run(0, 'actor', 'root', 'show')
  assert.deepEqual(shown.persons, ['ana', 'ruth'])
  await run(0, 'actor', 'withdraw', '--id', 'ana', '--role', 'safety_owner', '--draft', file('draft.json'))
  await run(0, 'actor', 'root', 'sign', file('draft.json'), '--out', file('signed.json'))
  await run(0, 'actor', 'root', 'submit', file('signed.json'))
  const { refusal } = await run(3, 'actor', 'root', 'submit', file('signed.json'))
  assert.equal((refusal as { code: string }).code, 'illegal_move')
  await run(2, 'actor', 'root', 'renew', '--expires', 'tomorrow')
  await run(0, 'audit', 'verify')
  const text = await quotey(home, null, 'actor', 'authority')
  assert.match(text.stdout, /NOBODY can release the safety pause/)
})
