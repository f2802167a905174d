import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { COMMANDS } from '../../src/cli/commands.ts'

const folder = fileURLToPath(new URL('../../ops/systemd/', import.meta.url))
const units = readdirSync(folder).sort()
const settingOf = (unit: string, name: string): string | undefined =>
  new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(join(folder, unit), 'utf8'))?.[1]

const analyzes = spawnSync('systemd-analyze', ['--version']).status === 0
const skip = analyzes ? false : 'no systemd-analyze here: 1 check of ops/systemd is left out'

test('every unit of ops/systemd runs a command there is, and every timer has its service', () => {
  const known = COMMANDS.map(entry => entry.words.join(' '))
  const services = units.filter(unit => unit.endsWith('.service'))
  assert.equal(services.length, 4)
  for (const unit of services) {
    const words = settingOf(unit, 'ExecStart')?.replace('/usr/bin/env quotey ', '') ?? ''
    assert.ok(known.includes(words), `${unit}: ${words}`)
  }
  const timed = units.filter(unit => unit.endsWith('.timer')).map(unit => unit.replace('.timer', '.service'))
  assert.deepEqual(
    timed,
    services.filter(unit => unit !== 'quotey.service'),
  )
})

test('systemd accepts every unit of ops/systemd and the times of its timers', { skip }, () => {
  for (const unit of units) {
    const ended = spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, unit)], {
      encoding: 'utf8',
    })
    assert.deepEqual([ended.status, ended.stderr], [0, ''], unit)
    const time = settingOf(unit, 'OnCalendar')
    if (time !== undefined) assert.equal(spawnSync('systemd-analyze', ['calendar', time]).status, 0, time)
  }
})
