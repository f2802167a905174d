import type { Result } from '../domain/refusal.ts'
import { type ReleasePause, releaseClearance, releasePause } from './pause-release.ts'
import type { ControlStatus } from './pause-status.ts'
import type { Ports } from './ports.ts'
import { validateInstallation } from './validate.ts'

/**
 * A release as people ask for it: the validation runs first, and its output is attached to the release. What is refused without it
 * does not wait the seconds it takes. Refuses as `releasePause` does.
 */
export async function releaseValidated(ports: Ports, input: ReleasePause): Promise<Result<ControlStatus>> {
  const cleared = await ports.store.read(tx => releaseClearance(tx, input, ports.clock.now()))
  return cleared.ok ? releasePause(ports, input, await validateInstallation(ports)) : cleared
}
