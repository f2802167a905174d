import type { Result } from '../domain/refusal.ts'
import { type ReleasePause, releasePause } from './pause-release.ts'
import type { ControlStatus } from './pause-status.ts'
import type { Ports } from './ports.ts'
import { validateInstallation } from './validate.ts'

/** A release as people ask for it: the validation runs first, and its output is attached to the release. */
export const releaseValidated = async (ports: Ports, input: ReleasePause): Promise<Result<ControlStatus>> =>
  releasePause(ports, input, await validateInstallation(ports))
