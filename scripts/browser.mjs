// Sees to it that the tests find a browser: as root under CI it installs Debian's Chromium when it is missing; elsewhere it
// uses what is there and says what is left out.
import { execFileSync } from 'node:child_process'
import { chromiumPath } from './chromium.mjs'

const isRoot = process.getuid?.() === 0
const underCi = process.env.CI === 'true'

if (chromiumPath() === null && isRoot && underCi) {
  console.error('installing chromium for the browser tests (once; about a minute) …')
  const quietly = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  execFileSync('apt-get', ['update', '-qq'], quietly)
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], quietly)
}

const found = chromiumPath()
console.error(
  found === null
    ? 'no chromium here: 1 test file (test/journeys/report-browser.test.ts) will be left out; install chromium, or set QUOTEY_TEST_CHROMIUM to its path'
    : `browser tests use ${found}`,
)
