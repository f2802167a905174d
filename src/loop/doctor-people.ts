import { authorityReport } from './authority-report.ts'
import { type DoctorLine, line } from './doctor.ts'
import type { Ports } from './ports.ts'
import { trustedKeyring } from './trust.ts'

/** Whether everybody can sign now, no key ends soon, and somebody can pass each gate of the control matrix. */
export async function peopleLines(ports: Ports): Promise<readonly DoctorLine[]> {
  const report = await authorityReport(ports)
  if (!report.ok) return [line('authority', false, report.refusal.message, report.refusal.remedy)]
  const { cannot_sign, ending, gates, keyring_version } = report.value
  const { actors } = await ports.store.read(trustedKeyring)
  const withRoles = new Set(actors.filter(actor => actor.roles.length > 0).map(actor => actor.id))
  const closed = gates.filter(gate => !gate.passable)
  const keys = [
    ...cannot_sign
      .filter(({ actor_id }) => withRoles.has(actor_id))
      .map(({ actor_id, why }) => `${actor_id} cannot sign: ${why}`),
    ...ending.map(({ what, at }) => `${what} ends at ${at}`),
  ]
  return [
    line(
      'keys',
      keys.length === 0,
      keys.length === 0
        ? `everybody in version ${keyring_version} of the keyring can sign, for 30 days more at least`
        : keys.join('; '),
      'let root holders run `quotey actor rotate --id ID` for a new key, or withdraw the roles of who has left',
    ),
    line(
      'authority',
      closed.length === 0,
      closed.length === 0
        ? `somebody can pass each of the ${gates.length} gates of the control matrix`
        : closed.map(gate => `nobody can ${gate.name}`).join('; '),
      'see `quotey actor authority`, and grant the missing role to somebody',
    ),
  ]
}
