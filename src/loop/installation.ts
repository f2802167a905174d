import { refuse } from '../domain/refusal.ts'
import type { Store } from './ports.ts'

/**
 * Why a store is not the installation that is meant; null where it is, or where it cannot be read (whoever needs it says so
 * then). Who writes to the database could found a second installation in it, with a root key of the own: one over the first is
 * refused always, one in its place by those who name the installation they mean. A fork is opened without this question.
 */
export async function objectionToInstallation(
  store: Store,
  meant: string | null,
): Promise<ReturnType<typeof refuse> | null> {
  const ids = await store
    .read(tx => tx.find('installation'))
    .then(
      rows => rows.map(row => row.installation_id),
      () => [],
    )
  if (ids.length > 1) {
    return refuse(
      'audit_broken',
      'a second installation was founded over the first in this database',
      'keep the file as evidence, and restore a backup',
      { installation_ids: ids },
    )
  }
  if (meant === null || ids.length === 0 || ids[0] === meant) return null
  return refuse(
    'audit_broken',
    `this is the installation \`${ids[0]}\`, not \`${meant}\``,
    'name the folder of the installation you mean with `--home`, or correct QUOTEY_INSTALLATION; if both are right, the ' +
      'database was replaced',
    { installation_id: ids[0] ?? null, meant },
  )
}
