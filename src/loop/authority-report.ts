import { type Bearer, type GateAuthority, gateAuthority } from '../domain/authority.ts'
import { CONTROLS } from '../domain/controls.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { hasExpired, type Keyring, keyValidAt, validKeyIds } from '../evidence/keyring.ts'
import { countedHolders } from '../evidence/keyring-lineage.ts'
import { effectiveRoles } from './authorize.ts'
import type { Ports } from './ports.ts'
import { trustedKeyring } from './trust.ts'

/** Days ahead within which the end of a key or of the keyring is pointed out. */
const EXPIRY_NOTICE_DAYS = 30
const DAY_MS = 86_400_000

/** `actor authority`, JSON names. */
export interface AuthorityReport {
  /** Whether every gate can be passed by somebody. */
  readonly ok: boolean
  readonly as_of: Instant
  readonly keyring_version: number
  readonly gates: readonly GateAuthority[]
  /** The keyring itself: who can change it, and how many persons that takes. */
  readonly root: {
    readonly threshold: number
    readonly who: readonly string[]
    readonly alone: readonly string[]
    readonly indispensable: readonly string[]
  }
  /** Known actors who cannot sign now. */
  readonly cannot_sign: readonly { readonly actor_id: string; readonly why: string }[]
  /** What ends within 30 days. */
  readonly ending: readonly { readonly what: string; readonly at: Instant }[]
}

/**
 * For each gate of the control matrix: who could pass it now, who alone, without whom nobody, and why nobody can; from the signed
 * keyring and the separation of duty. Whether the private keys are at hand here does not matter; a pause does not either.
 */
export const authorityReport = (ports: Ports): Promise<Result<AuthorityReport>> =>
  ports.store.read(async tx => {
    const keyring = await trustedKeyring(tx)
    const now = ports.clock.now()
    const able = keyring.actors.filter(({ id }) => validKeyIds(keyring, id, now).length > 0)
    const bearers: readonly Bearer[] = able.map(actor => ({ id: actor.id, roles: effectiveRoles(actor) }))
    const gates = CONTROLS.map(control => gateAuthority(control, bearers))
    const holders = countedHolders(keyring, keyring.root_key_ids)
    return done({
      ok: gates.every(gate => gate.passable),
      as_of: now,
      keyring_version: keyring.version,
      gates,
      root: {
        threshold: keyring.root_threshold,
        who: holders,
        alone: keyring.root_threshold === 1 ? holders : [],
        indispensable: holders.length === keyring.root_threshold ? holders : [],
      },
      cannot_sign: keyring.actors
        .filter(actor => !able.includes(actor))
        .map(({ id }) => ({ actor_id: id, why: whyUnable(keyring, id, now) })),
      ending: endingSoon(keyring, now),
    })
  })

function whyUnable(keyring: Keyring, actorId: string, now: Instant): string {
  const newest = keyring.keys.findLast(key => key.actor_id === actorId && key.purpose === 'actor')
  return newest === undefined ? 'no key' : (keyValidAt(keyring, newest.key_id, actorId, now) ?? 'no key')
}

function endingSoon(keyring: Keyring, now: Instant): AuthorityReport['ending'] {
  const horizon = new Date(Date.parse(now) + EXPIRY_NOTICE_DAYS * DAY_MS).toISOString()
  const keys = keyring.keys
    .filter(key => keyValidAt(keyring, key.key_id, key.actor_id, now) === null)
    .map(key => ({ what: `key ${key.key_id} of ${key.actor_id}`, at: key.valid_until }))
  const whole = hasExpired(keyring, now)
    ? []
    : [{ what: `version ${keyring.version} of the keyring`, at: keyring.expires_at }]
  return [...whole, ...keys].flatMap(({ what, at }) => (at !== null && at <= horizon ? [{ what, at }] : []))
}
