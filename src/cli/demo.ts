import { access, constants, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { composeNew, composePorts } from '../compose.ts'
import type { Config } from '../config.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { foundInstallation } from '../loop/init.ts'
import { type Ground, policyOf } from './demo/ground.ts'
import { Narrator } from './demo/narrator.ts'
import { type DemoRun, demoText } from './demo/summary.ts'
import { turnLoop } from './demo/turn-loop.ts'
import { type Invocation, performing } from './face.ts'
import { progressBar } from './progress.ts'
import { renderReport } from './report/page.ts'

const SEED = 7
const QUOTES = 8000

export function register(parent: Command): void {
  parent
    .command('demo')
    .description('the whole loop, once, in an installation of its own; ends with an HTML report')
    .option('--history <file>', 'your own quotes, CSV or Parquet (default: a simulated market)')
    .option('--map <map>', 'how its columns map: a file or a preset')
    .option(
      '--policy <file>',
      'the policy in force (default: the starter policy, or your quotes as practised)',
    )
    .option('--seed <n>', 'seed of the simulated market', String(SEED))
    .option('--quotes <n>', 'size of the simulated market', String(QUOTES))
    .option('--report <file>', 'where the report goes', 'quotey-report.html')
    .action(performing(demonstrate, demoText))
}

async function demonstrate(call: Invocation): Promise<Result<DemoRun>> {
  const ground = groundOf(call)
  if (!ground.ok) return ground
  const path = resolve((call.options as unknown as { report: string }).report)
  if (!(await canBeWritten(path))) {
    return refuse('bad_input', `\`${path}\` cannot be written`, 'name a file you may write with `--report`')
  }
  const folder = await mkdtemp(join(tmpdir(), 'quotey-demo-'))
  const home = join(folder, 'home')
  const own = { home, installationId: null, keysFolder: join(home, 'keys'), keyPassphrase: null }
  const config: Config = { ...call.config, ...own }
  const narrator = new Narrator()
  const run = await runIn(config, ground.value, folder, narrator)
  if (!run.ok) {
    await rm(folder, { recursive: true, force: true })
    return run
  }
  await writeFile(path, renderReport(run.value))
  return done({ report_path: path, home, seconds: Math.round(narrator.seconds()), run: run.value })
}

/** Asked before the run, so that no run is in vain. */
async function canBeWritten(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  if (found?.isDirectory() === true) return false
  return access(found === null ? dirname(path) : path, constants.W_OK).then(
    () => true,
    () => false,
  )
}

async function runIn(config: Config, ground: Ground, folder: string, narrator: Narrator) {
  const founded = await composeNew(config, async ports => {
    const policy = await policyOf(ground, ports)
    return policy.ok
      ? narrator.step(
          'init',
          () => foundInstallation(ports, policy.value),
          made => `policy \`${policy.value.name}\` with ${made.rules} rules in force`,
        )
      : policy
  })
  if (!founded.ok) return founded
  const ports = await composePorts(config, progressBar())
  if (!ports.ok) return ports
  try {
    return await turnLoop(ports.value, ground, folder, narrator)
  } finally {
    await ports.value.store.close()
  }
}

function groundOf(call: Invocation): Result<Ground> {
  const options = call.options as unknown as Record<'seed' | 'quotes', string> &
    Partial<Record<'history' | 'map' | 'policy', string>>
  const { history = null, map = null, policy = null } = options
  if (map !== null && history === null) {
    return refuse('bad_input', '`--map` needs `--history`', 'name the file that the map is for')
  }
  const [seed, quotes] = [Number(options.seed), Number(options.quotes)]
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(quotes) || seed < 0 || quotes < 1) {
    return refuse(
      'bad_input',
      '`--seed` and `--quotes` take whole numbers',
      'such as `--seed 7 --quotes 8000`',
    )
  }
  return done({ history, map, policy, seed, quotes })
}
