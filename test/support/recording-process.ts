import { composePorts } from '../../src/compose.ts'
import { digestOfText } from '../../src/evidence/canonical.ts'
import { record } from '../../src/loop/record.ts'
import { configIn, valueIn } from './fresh-home.ts'

/** Records one event after another until it is killed, and says each once it is committed: the victim of the crash tests. */
const ports = valueIn(await composePorts(configIn(process.argv[2] as string)))

for (;;) {
  const id = ports.randomness.id('kpi')
  await ports.store.change(async tx => {
    const at = ports.clock.now()
    const number = await tx.nextNumber('policy_version')
    await record(tx, ports, {
      eventType: 'kpi_snapshot_recorded',
      actor: { type: 'user', id: 'ana' },
      payload: { kpi_snapshot_id: id },
      idempotencyKey: id,
      occurredAt: at,
      inserts: [
        {
          table: 'policy_version',
          row: {
            version: number,
            policy_digest: digestOfText('{}'),
            document_json: '{}',
            candidate_id: null,
            created_at: at,
          },
        },
        {
          table: 'kpi_snapshot',
          row: {
            id,
            window_start: at,
            window_end: at,
            summary_json: `{"number":${number}}`,
            recorded_by: 'ana',
            recorded_at: at,
          },
        },
      ],
    })
  })
  process.stdout.write(`${id}\n`)
}
