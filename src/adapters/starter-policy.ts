import { packageFile } from './package-files.ts'

/** Path of the policy that an installation starts with when none is named. */
export const STARTER_POLICY = packageFile('policies/starter.yaml')
