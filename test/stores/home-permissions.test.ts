import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/fresh-home.ts'

const launcher = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'bin', 'quotey.mjs')

/** Runs a command under a umask. */
function underUmask(umask: string, folder: string, ...words: readonly string[]): void {
  const script = `umask ${umask}; exec "$@"`
  const ended = spawnSync('sh', ['-c', script, 'sh', process.execPath, launcher, ...words], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.equal(ended.status, 0, ended.stderr)
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

const windows = process.platform === 'win32' ? 'Windows has no such bits' : false

for (const [umask, folder, file] of [
  ['000', '770', '660'],
  ['002', '770', '660'],
  ['007', '770', '660'],
  ['022', '700', '600'],
  ['027', '700', '600'],
  ['077', '700', '600'],
] as const) {
  test(`a home made under umask ${umask} is open to nobody but its owner and a group that shares it`, {
    skip: windows,
  }, () => {
    using scratch = scratchFolder()
    underUmask(umask, scratch.path, '--home', 'home', 'init')
    underUmask(umask, scratch.path, '--home', 'home', 'backup', 'kept')
    underUmask(umask, scratch.path, '--home', 'again', 'restore', 'kept')
    for (const home of ['home', 'again'].map(name => join(scratch.path, name))) {
      assert.equal(modeOf(home), folder)
      assert.equal(modeOf(join(home, 'quotey.db')), file)
      assert.equal(modeOf(join(home, 'keys')), '700')
      for (const name of readdirSync(join(home, 'keys')))
        assert.equal(modeOf(join(home, 'keys', name)), '600')
    }
    assert.equal(modeOf(join(scratch.path, 'kept')), '700')
  })
}

test('a folder that was there keeps its permissions, and the database in it is closed all the same', {
  skip: windows,
}, () => {
  using scratch = scratchFolder()
  const home = join(scratch.path, 'home')
  mkdirSync(home)
  chmodSync(home, 0o755)
  underUmask('022', scratch.path, '--home', 'home', 'init')
  assert.deepEqual([modeOf(home), modeOf(join(home, 'quotey.db'))], ['755', '600'])
})
