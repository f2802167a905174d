import { done, type Result } from '../domain/refusal.ts'
import { verifyAudit } from './audit.ts'
import { missedJobs } from './missed-jobs.ts'
import type { Ports } from './ports.ts'
import { corpusHolds } from './validate-corpus.ts'
import { kpiFormulasHold } from './validate-kpi.ts'
import { rehearsalHolds } from './validate-rehearsal.ts'

/** One line of the validation matrix. A failing `control` holds a release of the pause back, a missed `job` does not. */
export interface ValidationCheck {
  readonly name: string
  readonly kind: 'control' | 'job'
  readonly ok: boolean
  /** What was found, in words and figures. */
  readonly proof: string
}

/** `validate`, JSON names. */
export interface ValidationReport {
  readonly ok: boolean
  readonly checks: readonly ValidationCheck[]
}

/**
 * The runbook's validation matrix on the installation in use. Everything that would write happens on forks, so nothing is left
 * behind. Works while paused, and needs no actor.
 */
export async function validateInstallation(ports: Ports): Promise<ValidationReport> {
  const checks = [
    ...(await rehearsalHolds(ports)),
    await corpusHolds(ports),
    await kpiFormulasHold(ports),
    await auditHolds(ports),
    ...(await jobsRan(ports)),
  ]
  return { ok: checks.every(check => check.ok), checks }
}

/** The same as a step of the command line has it. */
export const validate = async (ports: Ports): Promise<Result<ValidationReport>> =>
  done(await validateInstallation(ports))

async function auditHolds(ports: Ports): Promise<ValidationCheck> {
  const verified = await verifyAudit(ports, null)
  const name = 'audit_log_and_every_row_verify'
  if (!verified.ok) return { name, kind: 'control', ok: false, proof: verified.refusal.message }
  const { ok, entries, findings } = verified.value
  const proof = ok ? `${entries} entries derived anew` : `${findings.length} findings: ${findings[0]?.where}`
  return { name, kind: 'control', ok, proof }
}

async function jobsRan(ports: Ports): Promise<readonly ValidationCheck[]> {
  const { days, weeks } = await ports.store.read(tx => missedJobs(tx, ports.clock.now()))
  const line = (name: string, missed: readonly string[], last: string | null): ValidationCheck => ({
    name,
    kind: 'job',
    ok: missed.length === 0,
    proof:
      missed.length === 0
        ? `none missed; last run ${last ?? 'not yet due'}`
        : `${missed.length} missed since ${last ?? 'the beginning'}: ${missed.slice(-3).join(', ')}`,
  })
  return [line('daily_check_ran', days.missed, days.last), line('weekly_drill_ran', weeks.missed, weeks.last)]
}
