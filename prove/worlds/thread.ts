import { parentPort, workerData } from 'node:worker_threads'
import { drawWorld } from './family.ts'
import { runWorld } from './run.ts'

/** Runs the worlds whose numbers arrive, one at a time, and answers each with its result. */
const { seed, family } = workerData as { readonly seed: number; readonly family: 'first' | 'second' }
parentPort?.on('message', async (number: number) => {
  parentPort?.postMessage(await runWorld(await drawWorld(seed, number, family)))
})
