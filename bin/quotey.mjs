#!/usr/bin/env node
// Plain launcher for any Node from 20 on; works in a clone before anything is built.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { nodeFor } from '../scripts/runtime.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
// A clone runs its source, so that a bundle left lying about is never run in its stead; the published package has only the bundle.
const source = join(root, 'src', 'cli', 'main.ts')
const entry = existsSync(source) ? source : join(root, 'dist', 'main.js')
const node = nodeFor(root)
if (node === process.execPath) await import(pathToFileURL(entry).href)
else process.exit(spawnSync(node, [entry, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1)
