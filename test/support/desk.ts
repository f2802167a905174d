import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { writeMarketFile } from '../../src/adapters/market-file.ts'
import type { RuleDiff } from '../../src/domain/policy.ts'
import { DEFAULT_THRESHOLDS, type Thresholds } from '../../src/domain/thresholds.ts'
import { activePolicy } from '../../src/loop/active.ts'
import type { Incident } from '../../src/loop/incident.ts'
import type { DailyReport } from '../../src/loop/ops-daily.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import { quoteyLater } from './command-line.ts'
import {
  apply,
  approvedCandidate,
  installationWithHistory,
  parameterChange,
  rollback,
} from './governed-candidate.ts'
import { succeeded, type TestInstallation } from './installation.ts'

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

export const ROLL_BACK = ['policy-opt', 'rollback']

/** Thresholds under which one sample raises an alert, and a spike of rollbacks pauses by itself. */
export const WATCHFUL: Thresholds = {
  ...DEFAULT_THRESHOLDS,
  alerts: {
    ...DEFAULT_THRESHOLDS.alerts,
    max_projected_realized_margin_gap_bps: 50,
    min_samples: { rollback_spike: 1, false_positive_spike: 1, margin_gap_drift: 1 },
    engage_pause: ['rollback_spike'],
  },
}

/** PEOPLE and a history under WATCHFUL; one candidate of Ana, approved by Sam and applied by Ruth, was taken back. */
export async function troubledInstallation(): Promise<TestInstallation> {
  const installed = await installationWithHistory()
  const { ports } = installed
  succeeded(await changeThresholds(ports, { actorId: 'sam', thresholds: WATCHFUL }))
  const { candidateId } = await approvedCandidate(ports)
  const { apply_record } = succeeded(await apply(ports, 'ruth', candidateId))
  succeeded(await rollback(ports, 'ruth', apply_record.id, 'reps complained'))
  return installed
}

/** A step that passes every guardrail, and does harm where large deals alone come in. */
export const costlyStep = (ports: Ports): Promise<RuleDiff> =>
  parameterChange(ports, 'discount-cap-enterprise', 'cap_bps', 50)

/** Outcomes under the active version, of the quotes that `costlyStep` let go cheaper alone; gives the file. */
export async function badOutcomes({ ports, folder }: TestInstallation): Promise<string> {
  const { version, policy } = await ports.store.read(activePolicy)
  const all = join(folder, 'all.csv')
  succeeded(await writeMarketFile(all, { seed: 8, quotes: 3000, policy, policyVersion: version }))
  const lines = (await readFile(all, 'utf8')).trimEnd().split('\n')
  const header = (lines[0] as string).split(',')
  const [segment, asked] = [header.indexOf('segment'), header.indexOf('requested_discount_bps')]
  const harmed = lines.filter((line, at) => {
    const cells = line.split(',')
    return at === 0 || (cells[segment]?.toLowerCase().startsWith('ent') && Number(cells[asked]) > 3000)
  })
  const path = join(folder, 'harm.csv')
  await writeFile(path, `${harmed.join('\n')}\n`)
  return path
}

/** The incident of that cause in a daily report. */
export const incidentOf = (report: DailyReport, cause: string): string => {
  const line = report.incidents.find(incident => incident.cause === cause)
  assert.ok(line, JSON.stringify(report.incidents))
  return line.incident_id
}
