import { writeSync } from 'node:fs'
import { composePorts } from '../../src/compose.ts'
import { applyCandidate } from '../../src/loop/apply.ts'
import { crashingAt } from '../../src/loop/crash-point.ts'
import { rollbackApply } from '../../src/loop/rollback.ts'
import { configIn, valueIn } from './fresh-home.ts'

/** Applies or rolls back and kills itself after the n-th write: the victim of the crash tests. */
const [home, operation, id, cut, databaseUrl = null] = process.argv.slice(2) as [
  home: string,
  operation: 'apply' | 'rollback',
  id: string,
  cut: string,
  databaseUrl?: string,
]
const { ports } = crashingAt(
  valueIn(await composePorts({ ...configIn(home), databaseUrl })),
  cut === 'before commit' ? cut : Number(cut),
  () => {
    writeSync(1, 'struck')
    process.kill(process.pid, 'SIGKILL')
  },
)
if (operation === 'apply') await applyCandidate(ports, { actorId: 'ruth', candidateId: id })
else await rollbackApply(ports, { actorId: 'sam', applyRecordId: id, reason: 'no effect', triggeredAt: null })
await ports.store.close()
