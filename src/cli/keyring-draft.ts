import { writeNewFile } from '../adapters/new-files.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { DsseEnvelope } from '../evidence/dsse.ts'
import type { KeyringDifference } from '../evidence/keyring-difference.ts'
import type { Invocation } from './face.ts'

export const DRAFT_OPTION = [
  '--draft <file>',
  'write the next keyring there for other root holders to sign, and put nothing in force',
] as const

/** Whether a call asks for a draft instead of a change. */
export const asksForDraft = (call: Invocation): boolean =>
  (call.options as { readonly draft?: string }).draft !== undefined

/** Writes the draft of a change to the file the call names, if it asked for one. */
export async function keepDraft<T extends { readonly draft: DsseEnvelope | null }>(
  call: Invocation,
  outcome: Result<T>,
): Promise<Result<T>> {
  const { draft: path } = call.options as { readonly draft?: string }
  if (!outcome.ok || path === undefined || outcome.value.draft === null) return outcome
  const written = await writeDraft(path, outcome.value.draft)
  return written.ok ? outcome : written
}

export const writeDraft = async (path: string, draft: DsseEnvelope): Promise<Result<string>> => {
  const written = await writeNewFile(path, `${JSON.stringify(draft, null, 2)}\n`)
  return written.ok ? done(path) : written
}

/** The line under every change of the keyring. */
export const keyringLine = (outcome: {
  readonly keyring_version: number
  readonly draft: DsseEnvelope | null
}): string =>
  outcome.draft === null
    ? `keyring version ${outcome.keyring_version}`
    : `draft of keyring version ${outcome.keyring_version}; the other root holders sign it with \`quotey actor root sign FILE\``

/** A change as a signer reads it. */
export function differenceText(difference: KeyringDifference): string {
  switch (difference.change) {
    case 'actor_added':
      return `adds ${difference.actor_id} (${difference.actor_type}): ${difference.roles.join(', ')}`
    case 'roles_changed':
      return `roles of ${difference.actor_id}: ${rolesText(difference.from)} -> ${rolesText(difference.to)}`
    case 'key_added':
      return `adds ${difference.purpose} key ${difference.key_id} of ${difference.actor_id}${
        difference.valid_until === null ? '' : `, until ${difference.valid_until}`
      }`
    case 'key_revoked':
      return `revokes key ${difference.key_id} of ${difference.actor_id}: ${difference.reason}`
    case 'root_threshold_changed':
      return `root threshold: ${difference.from} -> ${difference.to} persons`
    case 'expiry_changed':
      return `keyring expires: ${difference.from ?? 'never'} -> ${difference.to ?? 'never'}`
  }
}

const rolesText = (roles: readonly string[]): string => roles.join(', ') || 'none'
