import { generatedRequests } from '../requests.ts'
import type { MakePeer } from './peer.ts'

/*
 * One peer in a process of its own, so that peak memory is its own: `node process.ts NAME ROWS`. It says when it is ready, and
 * answers each `ask` with the tally, the seconds it took, those of the processor in all its threads, and the peak so far.
 */

/** Loaded one by one: a process that times a loop has no database in it. */
const PEERS: Readonly<Record<string, () => Promise<MakePeer>>> = {
  'columnar-1': async () => (await import('./columnar.ts')).columnarAlone,
  'columnar-2': async () => (await import('./columnar.ts')).columnarOnTwo,
  arrays: async () => (await import('./array-loop.ts')).arrayLoop,
  branchless: async () => (await import('./array-loop.ts')).branchlessLoop,
  objects: async () => (await import('./object-loop.ts')).objectLoop,
  duckdb: async () => (await import('./duckdb.ts')).duckdb,
  chdb: async () => (await import('./chdb.ts')).chdb,
  sqlite: async () => (await import('./sqlite.ts')).sqlite,
  oracle: async () => (await import('./oracle.ts')).oracle,
  'cel-js': async () => (await import('./cel.ts')).celJs,
  'cel-es': async () => (await import('./cel.ts')).celEs,
  'json-rules-engine': async () => (await import('./json-rules.ts')).jsonRulesEngine,
  'zen-engine': async () => (await import('./zen.ts')).zenEngine,
}

const [name = '', rows = ''] = process.argv.slice(2)
const make = PEERS[name]
if (make === undefined) throw new Error(`no peer is named \`${name}\`: ${Object.keys(PEERS).join(', ')}`)
const peer = await (await make())(generatedRequests(Number(rows)))

const peakMegabytes = (): number => process.resourceUsage().maxRSS / 1024

process.on('message', async (word: 'ask' | 'end') => {
  if (word === 'end') {
    await peer.close?.()
    process.exit(0)
  }
  const usedBefore = process.cpuUsage()
  const began = performance.now()
  const tally = await peer.tally()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(usedBefore)
  process.send?.({ seconds, cpuSeconds: (user + system) / 1e6, tally, peakMegabytes: peakMegabytes() })
})
process.send?.({ ready: true, peakMegabytes: peakMegabytes() })
