import { type DoctorLine, line } from './doctor.ts'
import type { Ports } from './ports.ts'

const LATE_MS = 3_600_000

/** Whether receivers outside are told: the list can be used, and no message waits for over an hour. */
export async function webhookLine(ports: Ports): Promise<DoctorLine> {
  const listed = await ports.webhooks.all()
  if (!listed.ok) {
    const { message, facts, remedy } = listed.refusal
    return line('webhooks', false, `${message}: ${String(facts.why)}`, remedy)
  }
  const since = new Date(Date.parse(ports.clock.now()) - LATE_MS).toISOString()
  const waiting = await ports.store.read(tx => tx.undelivered())
  const late = waiting.filter(message => message.created_at < since)
  const names = [...new Set(late.map(message => message.webhook))]
  return line(
    'webhooks',
    late.length === 0,
    late.length === 0
      ? `${listed.value.length} listed, ${waiting.length} messages wait`
      : `${late.length} messages wait for over an hour: ${names.join(', ')}`,
    'let `quotey serve` run, or run `quotey ops deliver`, which says what fails; then look at the receiver',
  )
}
