import { generatedRequests, requestsFromPriceList } from '../requests.ts'
import type { MakePeer } from './peer.ts'
import type { MakeSettingsPeer } from './settings.ts'

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

/** Asked about a thousand settings; the separable ones about settings that change no price. */
const SETTINGS_PEERS: Readonly<Record<string, () => Promise<MakeSettingsPeer>>> = {
  'settings-columnar': async () => (await import('./settings-columnar.ts')).settingsColumnar,
  'settings-columnar-prepared': async () => (await import('./settings-columnar.ts')).settingsColumnarPrepared,
  'settings-duckdb': async () => (await import('./settings-duckdb.ts')).settingsDuckdb,
  'settings-duckdb-cells': async () => (await import('./settings-duckdb.ts')).settingsDuckdbCells,
  'settings-loop': async () => (await import('./settings-loop.ts')).settingsLoop,
  'settings-loop-cells': async () => (await import('./settings-loop.ts')).settingsLoopCells,
  'separable-columnar': async () => (await import('./settings-columnar.ts')).separableColumnar,
  'separable-columnar-prepared': async () =>
    (await import('./settings-columnar.ts')).separableColumnarPrepared,
  'separable-prefix-sums': async () => (await import('./settings-loop.ts')).separablePrefixSums,
}

const [name = '', rows = ''] = process.argv.slice(2)
const settingsPeer = SETTINGS_PEERS[name]
const onePolicy = PEERS[name]
const peer =
  settingsPeer !== undefined
    ? await (await settingsPeer())(requestsFromPriceList(Number(rows)))
    : await (await required(onePolicy)())(generatedRequests(Number(rows)))

function required<T>(found: T | undefined): T {
  if (found !== undefined) return found
  throw new Error(
    `no peer is named \`${name}\`: ${[...Object.keys(PEERS), ...Object.keys(SETTINGS_PEERS)].join(', ')}`,
  )
}

const peakMegabytes = (): number => process.resourceUsage().maxRSS / 1024

process.on('message', async (word: 'ask' | 'end') => {
  if (word === 'end') {
    await peer.close?.()
    process.exit(0)
  }
  if ('prepare' in peer) peer.prepare?.()
  const usedBefore = process.cpuUsage()
  const began = performance.now()
  const tally = await peer.tally()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(usedBefore)
  process.send?.({ seconds, cpuSeconds: (user + system) / 1e6, tally, peakMegabytes: peakMegabytes() })
})
// A bench that was stopped leaves nobody behind, also in the middle of an answer.
process.on('disconnect', () => process.exit(0))
process.send?.({ ready: true, peakMegabytes: peakMegabytes() })
