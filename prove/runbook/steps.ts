/** What the run knows by now, for the commands of later steps. */
export interface Known {
  /** Ids of incidents by cause. */
  readonly incidents: Readonly<Record<string, string>>
  /** Path of a file the run prepared: `harm.csv`, `tighter.json`. */
  readonly file: (name: string) => string
}

/** One step of the runbook and the command that does it. */
export interface RunbookStep {
  readonly section: string
  /** As docs/runbook.md has it. */
  readonly step: string
  readonly actor: string | null
  readonly words: (known: Known) => readonly string[]
  /** 0 where it is done; 3 where the runbook says it must be refused. */
  readonly exitCode?: number
  /** A field of the JSON output that must be so. */
  readonly shows?: (said: Record<string, unknown>) => boolean
  /** Days that pass before it. */
  readonly daysBefore?: number
}

const words =
  (...fixed: readonly string[]) =>
  (): readonly string[] =>
    fixed

const onIncident =
  (cause: string, step: number, note: string) =>
  ({ incidents }: Known): readonly string[] => [
    'incident',
    'step',
    incidents[cause] ?? `no incident of ${cause}`,
    String(step),
    '--note',
    note,
  ]

const rollBackForHarm = ({ incidents }: Known): readonly string[] => [
  'policy-opt',
  'rollback',
  'latest',
  '--incident',
  incidents.rollback_spike ?? '',
  '--reason',
  'it does harm',
]

const closing =
  (cause: string) =>
  ({ incidents }: Known): readonly string[] => [
    'incident',
    'close',
    incidents[cause] ?? `no incident of ${cause}`,
    '--note',
    'clear for one reporting window',
  ]

const RELEASE = words('policy-opt', 'control', 'release', '--remediation', 'rolled back, limits tightened')

/** The runbook from top to bottom, played on one installation with one candidate that was taken back and one that does harm. */
export const RUNBOOK: readonly RunbookStep[] = [
  {
    section: '1',
    step: 'build the review packet',
    actor: 'ana',
    words: words('policy-packet', 'build', 'latest'),
  },
  {
    section: '1',
    step: 'submit the review decision',
    actor: 'sam',
    words: words('policy-packet', 'action', 'latest', '--decision', 'approve', '--reason', 'no harm seen'),
  },
  {
    section: '1',
    step: 'apply under signature',
    actor: 'ruth',
    words: words('policy-opt', 'apply', 'latest'),
  },
  {
    section: '1',
    step: 'run the rollback drill',
    actor: 'ruth',
    words: words('policy-opt', 'drill'),
    shows: said => said.safety_passed === true,
  },
  {
    section: '1',
    step: 'take in outcomes',
    actor: 'ana',
    words: ({ file }) => ['policy-opt', 'monitor', 'latest', '--outcomes', file('harm.csv')],
  },
  { section: '2', step: 'run the query pack summary', actor: null, words: words('kpi', 'summary') },
  {
    section: '2',
    step: 'record the snapshot and look at the alerts',
    actor: 'cron',
    words: words('ops', 'daily'),
  },
  {
    section: '2',
    step: 'run the weekly drill, confirm it, and attach it to the governance record',
    actor: 'cron',
    words: words('ops', 'weekly'),
    shows: said => said.ok === true && (said.confirmations as readonly unknown[]).length === 3,
  },
  {
    section: '3.1',
    step: 'engage the safety pause',
    actor: 'sam',
    words: onIncident('rollback_spike', 1, 'two of three taken back'),
  },
  {
    section: '3.1',
    step: 'inspect the largest absolute gaps',
    actor: 'ana',
    words: onIncident('rollback_spike', 2, 'the enterprise step'),
  },
  {
    section: '3.1',
    step: 'verify replay checksums and decision lineage',
    actor: 'ana',
    words: onIncident('rollback_spike', 3, 'all hold'),
  },
  {
    section: '3.1',
    step: 'roll back active harmful candidates',
    actor: 'ruth',
    words: rollBackForHarm,
    shows: said =>
      typeof (said.rollback_record as Record<string, unknown>).rollback_triggered_at === 'string',
  },
  {
    section: '3.1',
    step: 'record that nothing harmful is active',
    actor: 'ruth',
    words: onIncident('rollback_spike', 4, 'rolled back'),
  },
  {
    section: '3.2',
    step: 'engage the safety pause',
    actor: 'ruth',
    words: onIncident('false_positive_spike', 1, 'applied, then taken back'),
  },
  {
    section: '3.2',
    step: 'compare applied with rolled-back candidates',
    actor: 'ana',
    words: onIncident('false_positive_spike', 2, 'one of two'),
  },
  {
    section: '3.2',
    step: 'audit approval rationales and red-team artifacts',
    actor: 'sam',
    words: onIncident('false_positive_spike', 3, 'thin'),
  },
  {
    section: '3.2',
    step: 'tighten the thresholds',
    actor: 'sam',
    words: ({ file }) => ['policy-opt', 'control', 'thresholds', file('tighter.json')],
  },
  {
    section: '3.2',
    step: 'record what was tightened',
    actor: 'sam',
    words: onIncident('false_positive_spike', 4, 'no loss of margin now'),
  },
  {
    section: '3.3',
    step: 'pause new applies',
    actor: 'ruth',
    words: onIncident('margin_gap_drift', 1, 'until it is explained'),
  },
  {
    section: '3.3',
    step: 'identify the candidates that drift most',
    actor: 'ana',
    words: onIncident('margin_gap_drift', 2, 'one'),
  },
  {
    section: '3.3',
    step: 'validate the monitoring payloads',
    actor: 'ana',
    words: onIncident('margin_gap_drift', 3, 'complete'),
  },
  {
    section: '3.3',
    step: 'replay the affected candidates again',
    actor: 'ana',
    words: onIncident('margin_gap_drift', 4, 'the same checksums'),
  },
  {
    section: '3.3',
    step: 'document the root cause',
    actor: 'ana',
    words: onIncident('margin_gap_drift', 5, 'large deals alone'),
  },
  {
    section: '4',
    step: 'open an incident ticket tagged CLO-SAFETY-PAUSE',
    actor: 'sam',
    words: words('incident', 'open', '--cause', 'other', '--reason', 'customers call'),
  },
  {
    section: '4',
    step: 'declare the pause with its trigger metrics',
    actor: 'sam',
    words: words(
      'policy-opt',
      'control',
      'pause',
      '--ticket',
      'CLO-SAFETY-PAUSE-9',
      '--reason',
      'customers call',
      '--metric',
      'margin_gap_alert',
    ),
  },
  {
    section: '4',
    step: 'nothing is approved while paused',
    actor: 'sam',
    words: words('policy-packet', 'action', 'latest', '--decision', 'approve'),
    exitCode: 3,
    shows: said => (said.refusal as { code: string }).code === 'safety_pause_active',
  },
  {
    section: '4',
    step: 'nothing is applied while paused',
    actor: 'ruth',
    words: words('policy-opt', 'apply', 'latest'),
    exitCode: 3,
    shows: said => (said.refusal as { code: string }).code === 'safety_pause_active',
  },
  {
    section: '4',
    step: 'rejections go on',
    actor: 'ruth',
    words: words(
      'policy-packet',
      'action',
      'latest',
      '--decision',
      'reject',
      '--reason',
      'not while we are paused',
    ),
  },
  {
    section: '4',
    step: 'run the validation',
    actor: null,
    words: words('validate'),
    shows: said =>
      (said.checks as readonly { kind: string; ok: boolean }[]).every(
        check => check.kind === 'job' || check.ok,
      ),
  },
  {
    section: '4',
    step: 'roll back what does damage, which goes on while paused',
    actor: 'ruth',
    words: rollBackForHarm,
    shows: said => typeof (said.rollback_record as Record<string, unknown>).id === 'string',
  },
  {
    section: '4',
    step: 'release is refused before the metrics are clear',
    actor: 'sam',
    words: RELEASE,
    exitCode: 3,
  },
  {
    section: '3',
    step: 'record a clear window',
    actor: 'cron',
    words: words('ops', 'daily'),
    daysBefore: 31,
    shows: said => said.alert_reason_codes === '',
  },
  {
    section: '3.1',
    step: 'the safety owner signs off',
    actor: 'sam',
    words: onIncident('rollback_spike', 5, 'a month without one'),
  },
  { section: '3.1', step: 'close the incident', actor: 'ruth', words: closing('rollback_spike') },
  { section: '3.2', step: 'close the incident', actor: 'sam', words: closing('false_positive_spike') },
  { section: '3.3', step: 'close the incident', actor: 'ruth', words: closing('margin_gap_drift') },
  {
    section: '4',
    step: 'the safety owner signs the release',
    actor: 'sam',
    words: RELEASE,
    shows: said => said.paused === true,
  },
  {
    section: '4',
    step: 'the runtime owner signs the release',
    actor: 'ruth',
    words: RELEASE,
    shows: said => said.paused === false,
  },
  { section: '5', step: 'run the validation matrix', actor: null, words: words('validate'), exitCode: 3 },
  {
    section: '5',
    step: 'catch up the weekly check',
    actor: 'cron',
    words: words('ops', 'weekly'),
    shows: said => said.ok === true,
  },
  {
    section: '5',
    step: 'run the validation matrix',
    actor: null,
    words: words('validate'),
    shows: said => said.ok === true,
  },
  {
    section: '6',
    step: 'see who can pass each gate',
    actor: null,
    words: words('actor', 'authority'),
    shows: said => said.ok === true,
  },
  {
    section: '6',
    step: 'see what is wrong and what to do',
    actor: null,
    words: words('doctor'),
    shows: said => said.ok === true,
  },
  {
    section: '6',
    step: 'verify the audit log',
    actor: null,
    words: words('audit', 'verify'),
    shows: said => said.ok === true,
  },
]
