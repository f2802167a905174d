import type { AuditReport, ComparedCheckpoint } from '../evidence/audit-against.ts'
import type { LoggedEvent } from '../loop/audit.ts'
import type { AuditExport } from '../loop/audit-export.ts'
import type { TakenCheckpoint } from '../loop/checkpoint.ts'
import type { Posting } from '../loop/checkpoint-post.ts'
import type { Lineage, LineageLink } from '../loop/lineage.ts'

export const logText = ({
  entries,
  unposted_checkpoints: unposted,
}: {
  readonly entries: readonly LoggedEvent[]
  readonly unposted_checkpoints: number | null
}): string =>
  [
    ...(entries.length === 0 ? ['no entries'] : entries.map(eventLine)),
    ...(unposted === null || unposted === 0
      ? []
      : [
          `${unposted} checkpoints have not arrived where QUOTEY_CHECKPOINTS says; \`quotey audit checkpoint\` tries again`,
        ]),
  ].join('\n')

const eventLine = (entry: LoggedEvent): string =>
  [
    String(entry.entry_index).padStart(5),
    entry.occurred_at,
    entry.event_type.padEnd(24),
    entry.actor_id.padEnd(12),
    entry.candidate_id ?? '',
  ]
    .join('  ')
    .trimEnd()

export function reportText(report: AuditReport): string {
  const { entries, root_hash, checkpoint, unchecked, findings } = report
  if (report.ok) {
    return [
      `whole: ${entries} entries, every row and signature holds`,
      `root ${root_hash}`,
      ...(checkpoint === null ? [] : [agreementLine(checkpoint)]),
      ...unchecked.map(what => `not checked: ${what}`),
    ].join('\n')
  }
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

const agreementLine = ({
  at,
  actor,
  log,
  age_seconds: age,
  entries_since: since,
}: ComparedCheckpoint): string =>
  `agrees with the checkpoint over ${log.size} entries that ${actor} signed at ${at}, ${ageText(age)} ago; ${since} entries since`

const ageText = (seconds: number): string => {
  const [unit, length] = AGE_UNITS.find(([, length]) => seconds >= length) ?? ['seconds', 1]
  return `${Math.floor(seconds / length)} ${unit}`
}

const AGE_UNITS: readonly (readonly [string, number])[] = [
  ['days', 2 * 86_400],
  ['hours', 2 * 3600],
  ['minutes', 120],
]

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

/** Without a file the note itself, as it is, so that it can be piped elsewhere. */
export const checkpointText = (
  taken: TakenCheckpoint & { readonly posting: Posting; readonly path?: string },
): string =>
  taken.path === undefined
    ? taken.note
    : [
        `${taken.path}: ${taken.checkpoint.log.size} entries, root ${taken.checkpoint.log.root_hash}`,
        ...(taken.posting === null
          ? ['keep it away from this machine; check with `quotey audit verify --against FILE`']
          : [postingText(taken.posting)]),
      ].join('\n')

const postingText = ({ posted, unposted, why }: NonNullable<Posting>): string =>
  why === null
    ? `${posted} posted where QUOTEY_CHECKPOINTS says`
    : `${posted} posted, ${unposted} waiting for the next \`quotey audit checkpoint\`: ${why}`

export const exportText = ({
  files,
  ...counts
}: Omit<AuditExport, 'files'> & { readonly files: readonly string[] }): string =>
  [
    ...files,
    `${counts.rows} rows, ${counts.inclusion_proofs} proofs of inclusion, ${counts.consistency_proofs} of consistency`,
    counts.checkpoint_size === null
      ? 'no checkpoint was ever signed: nothing outside vouches for it; see `quotey audit checkpoint`'
      : `newest checkpoint over ${counts.checkpoint_size} entries`,
  ].join('\n')

const LENGTH_MAX = 160

const shortened = (text: string): string =>
  text.length <= LENGTH_MAX ? text : `${text.slice(0, LENGTH_MAX)}… (${text.length} characters)`
