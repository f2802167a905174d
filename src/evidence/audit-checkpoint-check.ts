import type { JsonObject } from '../domain/units.ts'
import { type AuditFinding, finding } from './audit-finding.ts'
import { type DerivedTree, headFindings } from './audit-tree-check.ts'
import { checkCheckpoint, originOf } from './checkpoint.ts'
import type { Keyring } from './keyring.ts'

/** Kept checkpoints: each signed, as its columns repeat it, and of a beginning of this log. `trusted` as in `checkKeyrings`. */
export const checkpointFindings = (
  stored: readonly JsonObject[],
  tree: DerivedTree,
  trusted: readonly Keyring[],
): readonly AuditFinding[] =>
  stored.flatMap(row => {
    const where = `checkpoint ${String(row.size)}`
    const note = String(row.note)
    // A fork goes on in the log of the installation it was copied from, under a name of its own.
    const own = trusted.filter(({ installation_id }) => note.startsWith(`${originOf(installation_id)}\n`))
    const verdict = checkCheckpoint(note, own)
    if (verdict.kind === 'invalid') {
      return [finding('checkpoint_invalid', where, 'a signed checkpoint', verdict.why)]
    }
    const { log, actor, at } = verdict.checkpoint
    const signed: JsonObject = { size: log.size, root_hash: log.root_hash, actor_id: actor, at }
    const differing = Object.entries(signed)
      .filter(([column, value]) => row[column] !== value)
      .map(([column, value]) =>
        finding('record_differs_from_signed', `${where} ${column}`, value, row[column]),
      )
    return [...differing, ...headFindings(tree, where, log)]
  })
