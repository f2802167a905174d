// Plain JavaScript for any Node from 20 on: installs what is missing, finds a Node that runs TypeScript, and starts the task.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFor } from './runtime.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [task, ...rest] = process.argv.slice(2)

/**
 * Runs npm install when the lock file is not the one last installed; `start` needs no tools of development. Not npm ci: a registry
 * may lack a binary package of some other platform, which makes ci refuse and concerns nobody here.
 */
function install(withTools) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.quotey-installed')
  const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : ''
  if (installed === `${lock} all` || (!withTools && installed === `${lock} run`)) return
  console.error(`installing packages${withTools ? ' and tools' : ''} (once; about half a minute) …`)
  const flags = [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    ...(withTools ? [] : ['--omit=dev']),
  ]
  execFileSync('npm', flags, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  writeFileSync(stamp, `${lock} ${withTools ? 'all' : 'run'}`)
}

/** What the benches compare with, half a gigabyte that nobody else needs. */
function installPeers() {
  const folder = join(root, 'bench')
  const stamp = join(folder, 'node_modules', '.quotey-installed')
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.error('installing what to compare with (once; 570 MB) …')
  execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  writeFileSync(stamp, lock)
}

// Types are stripped once and not at every start; it cuts the time of a short command to a third.
const compileCache = join(root, 'node_modules', '.cache', 'compiled')

function run(words, environment = {}) {
  const [program, ...parameters] = words
  const env = { ...process.env, NODE_COMPILE_CACHE: compileCache, ...environment }
  const { status } = spawnSync(program, parameters, { cwd: root, stdio: 'inherit', env })
  if (status !== 0) process.exit(status ?? 1)
}

install(task !== 'start')
const node = nodeFor(root)
const tool = (name, script) => [node, join(root, 'node_modules', name, script)]

switch (task) {
  case 'start':
    // The reader's paths are relative to where the reader stands.
    process.exit(
      spawnSync(node, [join(root, 'src/cli/main.ts'), 'demo', ...rest], {
        cwd: process.env.INIT_CWD ?? process.cwd(),
        stdio: 'inherit',
        env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
      }).status ?? 1,
    )
    break
  case 'check':
    run([...tool('@biomejs/biome', 'bin/biome'), 'check', '--error-on-warnings', '.'])
    run([...tool('typescript', 'bin/tsc'), '-b'])
    break
  case 'test':
    if (rest.length === 0) {
      run([...tool('@biomejs/biome', 'bin/biome'), 'check', '--error-on-warnings', '.'])
      run([...tool('typescript', 'bin/tsc'), '-b'])
      run([node, join(root, 'scripts/system-packages.mjs')])
    }
    // Node leaves one core free by default, which on two cores means one file at a time.
    run([
      node,
      '--test',
      '--test-timeout=600000',
      '--test-concurrency=2',
      ...(rest.length > 0 ? rest : ['test/**/*.test.ts']),
    ])
    break
  case 'build':
    run([node, join(root, 'scripts/build.mjs')])
    break
  case 'bench':
    installPeers()
    run([node, join(root, 'bench/main.ts'), ...rest])
    break
  case 'prove':
    run([node, join(root, 'prove/main.ts'), ...rest])
    break
  default:
    console.error(`unknown task ${task}`)
    process.exit(2)
}
