/*
 * Proofs that take longer than a test may: `npm run prove` runs all, `npm run prove -- NAME [--key value …]` runs one. Each file
 * exports `prove(options)`, prints its counts and limits, and answers whether the promise held. A small seeded run of each is in
 * test/.
 */

/** Options of one proof as given after its name: `--seed 7` becomes `{ seed: '7' }`. */
export type ProofOptions = Readonly<Record<string, string>>

interface Proof {
  readonly prove: (options: ProofOptions) => Promise<boolean>
}

const PROOFS: Readonly<Record<string, () => Promise<Proof>>> = {
  engines: () => import('./engines.ts'),
  'false-alarms': () => import('./false-alarms.ts'),
  'kpi-agreement': () => import('./kpi-agreement.ts'),
  interleavings: () => import('./interleavings.ts'),
  runbook: () => import('./runbook.ts'),
  search: () => import('./search.ts'),
  worlds: () => import('./worlds.ts'),
}

function optionsIn(words: readonly string[]): ProofOptions {
  const options: Record<string, string> = {}
  for (let at = 0; at < words.length; at += 2) {
    const name = words[at] as string
    const value = words[at + 1]
    if (!name.startsWith('--') || value === undefined)
      throw new Error(`expected \`--key value\`, got \`${name}\``)
    options[name.slice(2)] = value
  }
  return options
}

const [named, ...rest] = process.argv.slice(2)
const names = named === undefined ? Object.keys(PROOFS) : [named]
const unknown = names.filter(name => !Object.hasOwn(PROOFS, name))
if (unknown.length > 0) {
  console.error(`no proof \`${unknown.join('`, `')}\`; there are: ${Object.keys(PROOFS).join(', ')}`)
  process.exit(2)
}
const options = optionsIn(rest)
const failed: string[] = []
for (const name of names) {
  const proof = PROOFS[name] as () => Promise<Proof>
  const began = performance.now()
  console.log(`\n# ${name}`)
  const held = await (await proof()).prove(options)
  console.log(`${held ? 'held' : 'FAILED'}: ${name}, ${((performance.now() - began) / 1000).toFixed(1)} s`)
  if (!held) failed.push(name)
}
process.exit(failed.length === 0 ? 0 : 1)
