#!/usr/bin/env node
// Plain launcher for any Node from 20 on; works in a clone before anything is built.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as module from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { nodeFor } from '../scripts/runtime.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
// A clone runs its source, so that a bundle left lying about is never run in its stead; the published package has only the bundle.
const source = join(root, 'src', 'cli', 'main.ts')
const entry = existsSync(source) ? source : join(root, 'dist', 'main.js')
const node = nodeFor(root)
// Compiled code is kept between calls, which cuts the time of a short command to a third.
if (node === process.execPath) {
  module.enableCompileCache()
  await import(pathToFileURL(entry).href)
} else {
  const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...process.env }
  process.exit(spawnSync(node, [entry, ...process.argv.slice(2)], { stdio: 'inherit', env }).status ?? 1)
}
