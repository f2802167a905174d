import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import type { Incident } from '../../src/loop/incident.ts'
import type { DailyReport } from '../../src/loop/ops-daily.ts'
import { quoteyLater } from './command-line.ts'

/** One installation and how far its clock has come. */
export class Desk {
  days = 0
  readonly home: string
  constructor(home: string) {
    this.home = home
  }

  /** A file beside the installation. */
  file(name: string): string {
    return join(dirname(this.home), name)
  }

  async does<T = Record<string, unknown>>(actor: string | null, ...words: string[]): Promise<T> {
    const ended = await quoteyLater(this.days, this.home, actor, '--json', ...words)
    assert.equal(ended.exitCode, 0, `quotey ${words.join(' ')}\n${ended.stdout}\n${ended.stderr}`)
    return ended.json as T
  }

  /** Expects this refusal, and that it left nothing in the log. */
  async refused(code: string, actor: string | null, ...words: string[]): Promise<string> {
    const before = this.entries()
    const ended = await quoteyLater(this.days, this.home, actor, '--json', ...words)
    const { refusal } = ended.json as { refusal?: { code: string; message: string } }
    assert.equal(refusal?.code, code, `${actor}: quotey ${words.join(' ')}\n${ended.stdout}${ended.stderr}`)
    assert.equal(this.entries(), before)
    return refusal?.message ?? ''
  }

  entries(): number {
    const database = new DatabaseSync(join(this.home, 'quotey.db'), { readOnly: true })
    const row = database.prepare('SELECT count(*) AS entries FROM policy_lifecycle_audit').get()
    database.close()
    return Number(row?.entries)
  }

  step(actor: string, incident: string, number: number, note: string): Promise<Incident> {
    return this.does<Incident>(actor, 'incident', 'step', incident, String(number), '--note', note)
  }
}

const RULE = { smb: 'discount-cap-smb', enterprise: 'discount-cap-enterprise' } as const

/** A candidate by Ana with one cap moved, replayed. */
export async function candidateReplayed(
  desk: Desk,
  rule: keyof typeof RULE,
  from: number,
  to: number,
): Promise<void> {
  const { version } = await desk.does<{ version: number }>(null, 'policy', 'show')
  const change = {
    rule_id: RULE[rule],
    operation: 'update',
    field: 'cap_bps',
    from,
    to,
    rationale: 'a step',
  }
  const diff = desk.file('diff.json')
  await writeFile(diff, JSON.stringify({ base_policy_version: version, rule_diffs: [change] }))
  await desk.does('ana', 'policy-opt', 'propose', '--from', diff)
  await desk.does('ana', 'policy-opt', 'replay', 'latest')
}

/** A candidate by Ana, approved by Sam, applied by Ruth; gives the apply record. */
export async function applied(
  desk: Desk,
  rule: keyof typeof RULE,
  from: number,
  to: number,
): Promise<{ readonly id: string; readonly candidate_id: string }> {
  await candidateReplayed(desk, rule, from, to)
  await desk.does('ana', 'policy-packet', 'build', 'latest')
  const reason = ['--reason', 'the packet shows no harm']
  await desk.does('sam', 'policy-packet', 'action', 'latest', '--decision', 'approve', ...reason)
  const { apply_record } = await desk.does<{ apply_record: { id: string; candidate_id: string } }>(
    'ruth',
    'policy-opt',
    'apply',
    'latest',
  )
  return apply_record
}

export const ROLL_BACK = ['policy-opt', 'rollback']

/** Thresholds under which one sample raises an alert, and a spike of rollbacks pauses by itself. */
export const WATCHFUL = {
  ...DEFAULT_THRESHOLDS,
  alerts: {
    ...DEFAULT_THRESHOLDS.alerts,
    max_projected_realized_margin_gap_bps: 50,
    min_samples: { rollback_spike: 1, false_positive_spike: 1, margin_gap_drift: 1 },
    engage_pause: ['rollback_spike'],
  },
}

/** Ana reviews, Sam looks after safety, Ruth applies, cron runs the jobs, with a history; one candidate applied and rolled back. */
export async function troubledInstallation(desk: Desk): Promise<void> {
  await desk.does(null, 'init')
  await desk.does(null, 'actor', 'add', '--id', 'ana', '--role', 'revenue_ops')
  await desk.does(null, 'actor', 'add', '--id', 'sam', '--role', 'safety_owner')
  await desk.does(null, 'actor', 'add', '--id', 'ruth', '--role', 'runtime_owner')
  await desk.does(null, 'actor', 'add', '--id', 'cron', '--role', 'scheduler', '--service')
  await writeFile(desk.file('thresholds.json'), JSON.stringify(WATCHFUL))
  await desk.does('sam', 'policy-opt', 'control', 'thresholds', desk.file('thresholds.json'))
  const quotes = desk.file('quotes.csv')
  await desk.does(null, 'history', 'simulate', '--seed', '11', '--quotes', '3000', '--out', quotes)
  await desk.does(null, 'history', 'import', quotes)
  const first = await applied(desk, 'smb', 1800, 1750)
  await desk.does('ruth', ...ROLL_BACK, first.id, '--reason', 'reps complained')
}

/** Outcomes under the active version, of the quotes that it let go cheaper alone. */
export async function badOutcomes(desk: Desk, name: string): Promise<string> {
  const { version } = await desk.does<{ version: number }>(null, 'policy', 'show')
  const policy = ['--policy', String(version), '--out', desk.file(`${name}-all.csv`)]
  await desk.does(null, 'history', 'simulate', '--seed', '8', '--quotes', '3000', ...policy)
  const lines = (await readFile(desk.file(`${name}-all.csv`), 'utf8')).trimEnd().split('\n')
  const header = (lines[0] as string).split(',')
  const [segment, asked] = [header.indexOf('segment'), header.indexOf('requested_discount_bps')]
  const harmed = lines.filter((line, at) => {
    const cells = line.split(',')
    return at === 0 || (cells[segment]?.toLowerCase().startsWith('ent') && Number(cells[asked]) > 3000)
  })
  await writeFile(desk.file(`${name}.csv`), `${harmed.join('\n')}\n`)
  return desk.file(`${name}.csv`)
}

/** The incident of that cause in a daily report. */
export const incidentOf = (report: DailyReport, cause: string): string => {
  const line = report.incidents.find(incident => incident.cause === cause)
  assert.ok(line, JSON.stringify(report.incidents))
  return line.incident_id
}
