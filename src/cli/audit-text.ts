import type { Checkpoint } from '../evidence/checkpoint.ts'
import type { DsseEnvelope } from '../evidence/dsse.ts'
import type { AuditReport, LoggedEvent } from '../loop/audit.ts'
import type { Lineage, LineageLink } from '../loop/lineage.ts'

export const logText = ({ entries }: { readonly entries: readonly LoggedEvent[] }): string =>
  entries.length === 0
    ? 'no entries'
    : entries
        .map(entry =>
          [
            String(entry.entry_index).padStart(5),
            entry.occurred_at,
            entry.event_type.padEnd(24),
            entry.actor_id.padEnd(12),
            entry.candidate_id ?? '',
          ]
            .join('  ')
            .trimEnd(),
        )
        .join('\n')

export function reportText(report: AuditReport): string {
  const { entries, root_hash, checkpoint, findings } = report
  const compared =
    checkpoint === null
      ? 'compared with no checkpoint: a store set back as a whole would not show; see `quotey audit checkpoint`'
      : `agrees with the checkpoint of ${checkpoint.at} by ${checkpoint.actor}`
  if (report.ok)
    return [`whole: ${entries} entries, every row and signature holds`, `head ${root_hash}`, compared].join(
      '\n',
    )
  return [
    `BROKEN: ${findings.length} finding${findings.length === 1 ? '' : 's'} over ${entries} entries`,
    ...findings.flatMap(({ code, where, expected, found }) => [
      `${code}  ${where}`,
      `    expected  ${shortened(expected)}`,
      `    found     ${shortened(found)}`,
    ]),
    '',
    'keep this file as evidence, engage the safety pause, and restore a backup that verifies',
  ].join('\n')
}

export const lineageText = ({ ok, candidate_id, links }: Lineage): string =>
  [
    ...links.map(lineageLine),
    '',
    ok ? `every link of ${candidate_id} holds` : `BROKEN: the lineage of ${candidate_id} does not hold`,
  ].join('\n')

const lineageLine = (link: LineageLink): string =>
  [
    link.verified ? 'ok    ' : 'BROKEN',
    link.step.padEnd(16),
    (link.at ?? '').padEnd(24),
    `${link.id}${link.digest === null || link.digest === link.id ? '' : ` ${link.digest}`}`,
    `(${shortened(link.proof)})`,
  ].join('  ')

export const checkpointText = (taken: {
  readonly checkpoint: Checkpoint
  readonly envelope: DsseEnvelope
  readonly path?: string
}): string =>
  taken.path === undefined
    ? JSON.stringify(taken.envelope, null, 2)
    : [
        `${taken.path}: ${taken.checkpoint.log.size} entries, root ${taken.checkpoint.log.root_hash}`,
        'keep it away from this machine; check with `quotey audit verify --against FILE`',
      ].join('\n')

export const exportText = ({
  rows,
  files,
}: {
  readonly rows: number
  readonly files: readonly string[]
}): string => [...files, `${rows} rows`].join('\n')

const LENGTH_MAX = 160

const shortened = (text: string): string =>
  text.length <= LENGTH_MAX ? text : `${text.slice(0, LENGTH_MAX)}… (${text.length} characters)`
