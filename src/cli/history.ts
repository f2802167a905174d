import type { Command } from 'commander'
import type { MarketFile } from '../adapters/market-file.ts'
import type { CheckedPolicy } from '../domain/policy.ts'
import { rejectReasonText } from '../domain/quote-file-account.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { type HistoryList, type ImportedHistory, importHistory, listHistory } from '../loop/history.ts'
import type { PushedHistory } from '../loop/history-push.ts'
import { type Invocation, performing } from './face.ts'
import { fitnessText } from './fitness-text.ts'
import { progressBar } from './progress.ts'

export function register(parent: Command): void {
  const history = parent.command('history').description('past quotes and their outcomes, as snapshots')
  history
    .command('import')
    .argument('<file>', 'CSV (UTF-8) or Parquet')
    .description('make a snapshot of a file of quotes')
    .option('--map <map>', 'mapping file, or a preset: salesforce-cpq, hubspot (default: canonical columns)')
    .option('--max-rejects <n>', 'refuse when more rows are bad (default: as many as are good)')
    .action(performing(importFile, importedText))
  history.command('list').description('the snapshots of this installation').action(performing(list, listText))
  history
    .command('audit')
    .argument('[snapshot]', 'id, digest, the beginning of one, or `latest` (the default)')
    .description('judge whether a snapshot can carry an optimisation')
    .action(performing(audit, fitnessText))
  history
    .command('push')
    .argument('[snapshot]', 'id, digest, the beginning of one, or `latest` (the default)')
    .description(
      'copy a snapshot to the ClickHouse of QUOTEY_CLICKHOUSE_URL, and prove that it arrived whole',
    )
    .action(performing(push, pushedText))
  history
    .command('simulate')
    .description('write a file of simulated quotes, and the truth behind them beside it')
    .requiredOption('--seed <n>', 'the same seed makes the same quotes')
    .requiredOption('--quotes <n>', 'how many')
    .requiredOption('--out <file>', 'a .csv file')
    .option(
      '--policy <policy>',
      'the policy in force: a file, or a version of this installation (default: the starter policy)',
    )
    .option(
      '--policy-version <n>',
      'the version written beside each quote (default: that of --policy, else 1)',
    )
    .action(performing(simulate, simulatedText))
}

async function importFile(call: Invocation): Promise<Result<ImportedHistory>> {
  const { map = null, maxRejects = null } = call.options as { map?: string; maxRejects?: string }
  const rejectsMax = maxRejects === null ? done(null) : wholeNumber('--max-rejects', maxRejects)
  if (!rejectsMax.ok) return rejectsMax
  const ports = await call.ports()
  if (!ports.ok) return ports
  const [path] = call.arguments as [string]
  return importHistory(ports.value, { path, map, rejectsMax: rejectsMax.value })
}

async function list(call: Invocation): Promise<Result<HistoryList>> {
  const ports = await call.ports()
  return ports.ok ? listHistory(ports.value) : ports
}

async function audit(call: Invocation) {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { auditHistory } = await import('../loop/history-audit.ts')
  return auditHistory(ports.value, { snapshot: call.arguments[0] ?? null })
}

async function push(call: Invocation): Promise<Result<PushedHistory>> {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { pushHistory } = await import('../loop/history-push.ts')
  return pushHistory(ports.value, { snapshot: call.arguments[0] ?? null })
}

async function simulate(call: Invocation) {
  const options = call.options as unknown as Readonly<Record<'seed' | 'quotes' | 'out', string>> & {
    readonly policy?: string
    readonly policyVersion?: string
  }
  const seed = wholeNumber('--seed', options.seed)
  if (!seed.ok) return seed
  const quotes = wholeNumber('--quotes', options.quotes)
  if (!quotes.ok) return quotes
  const force = await policyInForce(call, options.policy, options.policyVersion)
  if (!force.ok) return force
  const { writeMarketFile } = await import('../adapters/market-file.ts')
  const market = { seed: seed.value, quotes: quotes.value, ...force.value }
  return writeMarketFile(options.out, market, progressBar())
}

/** The policy that simulated quotes are decided under, and its number. */
async function policyInForce(
  call: Invocation,
  policy: string | undefined,
  version: string | undefined,
): Promise<Result<{ policy?: CheckedPolicy; policyVersion?: number }>> {
  const numbered = version ?? (policy !== undefined && /^\d+$/.test(policy) ? policy : '1')
  const policyVersion = wholeNumber('--policy-version', numbered)
  if (!policyVersion.ok) return policyVersion
  if (policy === undefined) return done({ policyVersion: policyVersion.value })
  const { policyNamed } = await import('./policy-file.ts')
  const named = await policyNamed(call, policy)
  return named.ok ? done({ policy: named.value, policyVersion: policyVersion.value }) : named
}

const wholeNumber = (option: string, text: string): Result<number> =>
  /^\d{1,15}$/.test(text)
    ? done(Number(text))
    : refuse('bad_input', `\`${option} ${text}\` is not a whole number from 0 on`, `such as \`${option} 7\``)

const importedText = (made: ImportedHistory): string =>
  [
    `snapshot   ${made.snapshot_id}${made.known_before ? ' (the same quotes were imported before)' : ''}`,
    `digest     ${made.digest}`,
    `rows       ${made.rows}: ${made.accepted} accepted, ${made.rejected} rejected, ${made.collapsed} repeated`,
    `outcomes   ${made.won} won, ${made.lost} lost, ${made.open} open`,
    `currency   ${made.currency.toUpperCase()}`,
    ...(made.single_discount_column === null
      ? []
      : [
          `discount   only \`${made.single_discount_column}\` is recorded; it stands for requested and granted`,
        ]),
    ...(made.net_differences === 0
      ? []
      : [
          `net        ${made.net_differences} prices differ from list and discount, by ${made.net_difference_cents_max} minor units at most`,
        ]),
    ...(made.ignored_columns.length === 0 ? [] : [`ignored    ${made.ignored_columns.join(', ')}`]),
    ...(made.reject_report === null ? [] : [`rejects    ${made.reject_report}`]),
    ...made.reject_reasons.map(reason => `           ${rejectReasonText(reason)}`),
    '',
    `next: quotey history audit ${made.snapshot_id}`,
  ].join('\n')

const pushedText = (pushed: PushedHistory): string =>
  [
    `snapshot     ${pushed.snapshot_id}, ${pushed.rows} quotes`,
    `digest       ${pushed.digest}`,
    `database     ${pushed.database}${pushed.shards > 1 ? `, ${pushed.shards} shards` : ''}`,
    `parts        ${pushed.parts}, of which ${pushed.parts_there} were there before`,
    `fingerprint  ${pushed.fingerprint}`,
    '             computed here and by the database, and the same',
    '',
    'next: quotey policy-opt replay latest --engine clickhouse',
  ].join('\n')

const listText = ({ snapshots }: HistoryList): string =>
  snapshots.length === 0
    ? 'no history was imported yet\n\nnext: quotey history import FILE'
    : snapshots
        .map(row =>
          [
            row.snapshot_id,
            row.imported_at,
            `${row.rows} quotes`.padStart(15),
            `${row.won} won, ${row.lost} lost, ${row.open} open`,
            row.currency.toUpperCase(),
            row.source_name,
          ].join('  '),
        )
        .join('\n')

const simulatedText = (made: MarketFile): string =>
  [
    `quotes     ${made.quotes}: ${made.won} won, ${made.lost} lost, ${made.open} open`,
    `file       ${made.path}`,
    `truth      ${made.truth_path} (what no history can tell; for tests of this tool alone)`,
    '',
    `next: quotey history import ${made.path}`,
  ].join('\n')
