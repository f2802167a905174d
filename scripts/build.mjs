// Bundles what is published: one file per command that loads late, packages left to node_modules.
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const outdir = process.argv[2] ?? join(root, 'dist')
rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: { main: join(root, 'src/cli/main.ts'), worker: join(root, 'src/adapters/columnar/worker.ts') },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  packages: 'external',
  minifySyntax: true,
})
