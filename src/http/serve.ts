import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Ports } from '../loop/ports.ts'
import { startSchedule } from './schedule.ts'
import { buildServer, type LogStream } from './server.ts'

export interface ServeOptions {
  readonly host: string
  /** 0 takes any that is free. */
  readonly port: number
  /** In whose name scheduled jobs run; null: none but deliveries. */
  readonly actorId: string | null
}

export interface Service {
  readonly address: string
  /** Answers what is under way, waits for running jobs, and starts nothing more. */
  stop(): Promise<void>
}

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost']

/** Starts the service. Refuses bad_input where the address cannot be had. */
export async function startService(
  ports: Ports,
  options: ServeOptions,
  log: LogStream,
): Promise<Result<Service>> {
  const server = buildServer(ports, log)
  let address: string
  try {
    address = await server.listen({ host: options.host, port: options.port })
  } catch (error) {
    await server.close()
    return refuse(
      'bad_input',
      `\`${options.host}:${options.port}\` cannot be listened on`,
      'choose another `--port` or `--host`',
      { cause: (error as Error).message },
    )
  }
  if (!LOOPBACK.includes(options.host)) {
    server.log.warn('other machines can reach this: its routes ask nobody for a name, put a proxy before it')
  }
  const schedule = startSchedule(ports, options.actorId, server.log)
  return done({
    address,
    stop: async () => {
      server.log.info('stopping')
      await Promise.all([schedule.stop(), server.close()])
    },
  })
}
