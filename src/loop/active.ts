import type { CheckedPolicy, PolicyDocument } from '../domain/policy.ts'
import { refuse } from '../domain/refusal.ts'
import type { Thresholds } from '../domain/thresholds.ts'
import type { Digest, PolicyVersion } from '../domain/units.ts'
import { digestOfText } from '../evidence/canonical.ts'
import { BrokenState, type Reading } from './ports.ts'
import type { ActivationRow } from './tables.ts'
import { objectionToThresholds } from './thresholds-signed.ts'

export interface ActivePolicy {
  readonly version: PolicyVersion
  readonly epoch: number
  readonly digest: Digest
  readonly document: PolicyDocument
  readonly policy: CheckedPolicy
}

/** The activation that holds now, without reading the document. */
export async function currentActivation(tx: Reading): Promise<ActivationRow> {
  const activation = await tx.last('policy_activation')
  if (activation === null) throw broken('no policy was ever active')
  return activation
}

/** The active policy, compared with its digest and checked anew. */
export async function activePolicy(tx: Reading): Promise<ActivePolicy> {
  const activation = await currentActivation(tx)
  const { document, policy, digest } = await policyOfVersion(tx, activation.policy_version)
  if (digest !== activation.policy_digest) {
    throw broken(`policy version ${activation.policy_version} is not the one that was activated`)
  }
  return { version: activation.policy_version, epoch: activation.epoch, digest, document, policy }
}

/** A policy version by number, compared with its digest and checked anew; throws BrokenState where it is gone or altered. */
export async function policyOfVersion(
  tx: Reading,
  version: PolicyVersion,
): Promise<Omit<ActivePolicy, 'epoch'>> {
  const row = await tx.last('policy_version', { version })
  if (row === null) throw broken(`policy version ${version} is missing`)
  if (digestOfText(row.document_json) !== row.policy_digest) {
    throw broken(`policy version ${version} was altered`)
  }
  const document = JSON.parse(row.document_json) as PolicyDocument
  // The policy language takes longer to load than most commands take to run.
  const { checkPolicy } = await import('../domain/policy-check.ts')
  const checked = checkPolicy(document)
  if (!checked.ok) throw broken(`policy version ${version} no longer passes its check`)
  return { version, digest: row.policy_digest, document, policy: checked.value }
}

/** The thresholds in force, compared with their digest and with the signatures they stand on. */
export async function currentThresholds(tx: Reading): Promise<{
  readonly version: number
  readonly digest: Digest
  readonly thresholds: Thresholds
}> {
  const row = await tx.last('thresholds_version')
  if (row === null) throw broken('no thresholds were ever set')
  if (digestOfText(row.document_json) !== row.digest) {
    throw broken(`thresholds version ${row.version} were altered`)
  }
  const objection = await objectionToThresholds(tx, row)
  if (objection !== null) throw broken(`thresholds version ${row.version} cannot be relied on: ${objection}`)
  return { version: row.version, digest: row.digest, thresholds: JSON.parse(row.document_json) as Thresholds }
}

const broken = (message: string): BrokenState =>
  new BrokenState(refuse('audit_broken', message, 'run `quotey audit verify`, and restore a backup').refusal)
