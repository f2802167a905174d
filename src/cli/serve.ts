import type { Command } from 'commander'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { type Invocation, performing } from './face.ts'

const PORT_DEFAULT = '8787'
const HOST_DEFAULT = '127.0.0.1'

/** How a run of the service ended. */
interface Served {
  readonly address: string
  readonly stopped_by: 'SIGINT' | 'SIGTERM'
}

export function register(parent: Command): void {
  parent
    .command('serve')
    .option('--port <number>', 'port to listen on; 0 takes any that is free', PORT_DEFAULT)
    .option('--host <address>', 'address to listen on; loopback unless you say otherwise', '127.0.0.1')
    .description('run the daily and weekly jobs, deliver to webhooks, answer /healthz, /readyz and /metrics')
    .action(performing(serve, ({ stopped_by }) => `stopped by ${stopped_by}`))
}

async function serve(call: Invocation): Promise<Result<Served>> {
  const { port = PORT_DEFAULT, host = HOST_DEFAULT } = call.options as Readonly<
    Record<string, string | undefined>
  >
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    return refuse('bad_input', `\`${port}\` is no port`, 'pass `--port` a number from 0 to 65535')
  }
  const ports = await call.ports()
  if (!ports.ok) return ports
  const signalled = firstSignal()
  const { startService } = await import('../http/serve.ts')
  const options = { host, port: Number(port), actorId: call.config.actorId }
  const service = await startService(ports.value, options, process.stderr)
  if (!service.ok) return service
  const stopped_by = await signalled
  await service.value.stop()
  return done({ address: service.value.address, stopped_by })
}

/** The first signal to stop; a second one ends the process as it always does. */
const firstSignal = (): Promise<Served['stopped_by']> =>
  new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal))
  })
