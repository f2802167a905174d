import { unpostedCheckpoints } from './checkpoint-post.ts'
import { type DoctorLine, line } from './doctor.ts'
import type { Ports } from './ports.ts'

/** Whether checkpoints reach the place that is set. Without one, a store that was set back shows only to who kept some by hand. */
export async function checkpointLine(ports: Ports): Promise<DoctorLine> {
  const newest = await ports.store.read(tx => tx.last('checkpoint'))
  const unposted = await unpostedCheckpoints(ports)
  const reach =
    newest === null ? 'none was signed' : `the newest is over ${newest.size} entries, of ${newest.at}`
  const place = unposted === null ? 'no place is set to post them to' : `${unposted} wait to be posted`
  return line(
    'checkpoints',
    unposted === null || unposted === 0,
    `${reach}; ${place}`,
    'see that the place in QUOTEY_CHECKPOINTS can be reached, then run `quotey audit checkpoint`',
  )
}
