/*
 * Runs the benches named on the command line, or all that say how fast an answer comes:
 *
 *     npm run bench                        policy, settings, replay and policy-compare
 *     npm run bench -- NAME [WORD ...]     one of the table below, with its own words
 */

const BENCHES: Readonly<Record<string, () => Promise<unknown>>> = {
  policy: () => import('./policy.ts'),
  settings: () => import('./settings.ts'),
  replay: () => import('./replay.ts'),
  'policy-compare': () => import('./policy-compare.ts'),
  'larger-than-memory': () => import('./larger-than-memory.ts'),
  audit: () => import('./audit.ts'),
  lifecycle: () => import('./lifecycle.ts'),
}
const BY_DEFAULT = ['policy', 'settings', 'replay', 'policy-compare']

const [name, ...words] = process.argv.slice(2)
if (name !== undefined && BENCHES[name] === undefined) {
  console.error(`no bench is named \`${name}\`: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
// Each reads its words where a program finds them.
process.argv.splice(2, Number.POSITIVE_INFINITY, ...words)
for (const each of name === undefined ? BY_DEFAULT : [name]) await BENCHES[each]?.()
