import type { Command } from 'commander'
import { type DeliveryReport, deliverOutbox } from '../loop/deliver.ts'
import { type Invocation, performing } from './face.ts'

export function register(parent: Command): void {
  parent
    .command('deliver')
    .description('deliver what webhooks are still to be told; `serve` does it by itself')
    .action(performing(deliver, deliveryText))
}

async function deliver(call: Invocation): ReturnType<typeof deliverOutbox> {
  const ports = await call.ports()
  return ports.ok ? deliverOutbox(ports.value) : ports
}

const deliveryText = (report: DeliveryReport): string =>
  [
    `${report.delivered} delivered, ${report.failed} failed, ${report.given_up} given up, ${report.waiting} waiting`,
    ...(report.next_attempt_at === null ? [] : [`next attempt from ${report.next_attempt_at}`]),
  ].join('\n')
