#!/usr/bin/env node
// Plain launcher for any Node from 20 on; works in a clone before anything is built.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { nodeFor } from '../scripts/runtime.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const built = join(root, 'dist', 'main.mjs')
const entry = existsSync(built) ? built : join(root, 'src', 'cli', 'main.ts')
const node = nodeFor(root)
if (node === process.execPath) await import(pathToFileURL(entry).href)
else process.exit(spawnSync(node, [entry, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1)
