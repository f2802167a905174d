import { fileURLToPath } from 'node:url'

/** Path of the policy that an installation starts with when none is named. */
export const STARTER_POLICY = fileURLToPath(new URL('../../policies/starter.yaml', import.meta.url))
