import type { Config } from './config.ts'
import { type Result, refuse } from './domain/refusal.ts'
import type { Ports } from './loop/ports.ts'

/** Constructs the adapters of an installation; the sole place that does. */
export async function composePorts(config: Config): Promise<Result<Ports>> {
  return refuse('not_found', `no installation in \`${config.home}\``, 'run `quotey init`')
}
