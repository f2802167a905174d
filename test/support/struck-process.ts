import { writeSync } from 'node:fs'
import { composePorts } from '../../src/compose.ts'
import { applyCandidate } from '../../src/loop/apply.ts'
import { crashingAt } from '../../src/loop/crash-point.ts'
import { rollbackApply } from '../../src/loop/rollback.ts'
import { configIn, valueIn } from './fresh-home.ts'

/** Applies or rolls back and kills itself after the n-th write: the victim of the crash tests. */
const [home, operation, id, cut] = process.argv.slice(2) as [string, 'apply' | 'rollback', string, string]
const { ports } = crashingAt(
  valueIn(await composePorts(configIn(home))),
  cut === 'before commit' ? cut : Number(cut),
  () => {
    writeSync(1, 'struck')
    process.kill(process.pid, 'SIGKILL')
  },
)
if (operation === 'apply') await applyCandidate(ports, { actorId: 'ruth', candidateId: id })
else await rollbackApply(ports, { actorId: 'sam', applyRecordId: id, reason: 'no effect', triggeredAt: null })
