import { composePorts } from '../../src/compose.ts'
import { configIn, valueIn } from './fresh-home.ts'

/** Takes policy version numbers, one change each, and prints them: the other process of the store's tests. */
const [home, times, databaseUrl = null] = process.argv.slice(2) as [string, string, string?]
const ports = valueIn(await composePorts({ ...configIn(home), databaseUrl }))
const numbers: number[] = []
for (let turn = 0; turn < Number(times); turn += 1) {
  numbers.push(
    await ports.store.change(async tx => {
      await new Promise(resolve => setImmediate(resolve))
      return tx.nextNumber('policy_version')
    }),
  )
}
await ports.store.close()
process.stdout.write(JSON.stringify(numbers))
