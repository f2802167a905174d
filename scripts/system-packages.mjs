// Sees to it that the tests find the programs they drive: as root under CI it installs Debian's packages when they are missing;
// elsewhere it uses what is there and says, counted, what is left out.
import { execFileSync } from 'node:child_process'
import { chromiumPath } from './chromium.mjs'
import { clickHouseServerPath } from './clickhouse.mjs'
import { promtoolPath } from './promtool.mjs'

const PROGRAMS = [
  {
    package: 'chromium',
    path: chromiumPath,
    variable: 'QUOTEY_TEST_CHROMIUM',
    leftOut: '1 test file (test/journeys/report-browser.test.ts)',
  },
  {
    package: 'prometheus',
    path: promtoolPath,
    variable: 'QUOTEY_TEST_PROMTOOL',
    leftOut: '3 tests of test/journeys/prometheus.test.ts',
  },
  {
    package: 'clickhouse-server',
    path: clickHouseServerPath,
    variable: 'QUOTEY_TEST_CLICKHOUSE',
    leftOut: '2 test files (test/agreement/clickhouse.test.ts, test/journeys/clickhouse.test.ts)',
  },
]

const missing = PROGRAMS.filter(program => program.path() === null)
if (missing.length > 0 && process.getuid?.() === 0 && process.env.CI === 'true') {
  const names = missing.map(program => program.package)
  console.error(`installing ${names.join(' and ')} for the tests (once; about a minute) …`)
  const quietly = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  execFileSync('apt-get', ['update', '-qq'], quietly)
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], quietly)
}

for (const program of PROGRAMS) {
  const found = program.path()
  console.error(
    found === null
      ? `no ${program.package} here: ${program.leftOut} will be left out; install it, or set ${program.variable} to its path`
      : `tests use ${found}`,
  )
}
