import type { Command } from 'commander'
import { readTextFile } from '../adapters/files.ts'
import { lengthMsOf } from '../domain/kpi-window.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { AuditReport } from '../evidence/audit-against.ts'
import { isCheckpoint } from '../evidence/checkpoint.ts'
import { auditLog, verifyAudit } from '../loop/audit.ts'
import { exportAudit, verifyExport } from '../loop/audit-export.ts'
import { takeCheckpoint } from '../loop/checkpoint.ts'
import { postCheckpoints, unpostedCheckpoints } from '../loop/checkpoint-post.ts'
import { type Lineage, lineageOf } from '../loop/lineage.ts'
import { checkpointText, exportText, lineageText, logText, reportText } from './audit-text.ts'
import { actorOf, type Invocation, performing } from './face.ts'
import { idNamed } from './latest.ts'

/** The exit code of broken integrity, for answers that are complete and say so. */
const BROKEN = 4

export function register(parent: Command): void {
  const audit = parent
    .command('audit')
    .description('the append-only log, and whether everything still is as written')
  audit
    .command('log')
    .description('every event, oldest first')
    .option('--candidate <id>', 'of one candidate')
    .action(performing(log, logText))
  audit
    .command('verify')
    .description('re-derive the log, every row and every signature; exit code 4 when something does not hold')
    .option('--against <file>', 'a checkpoint kept elsewhere, which also finds a store that was set back')
    .option('--max-age <length>', 'how old that checkpoint may be, such as 7d or 12h')
    .option('--export <dir>', 'a folder that `audit export` wrote, in place of an installation')
    .action(performing(verify, reportText))
  audit
    .command('lineage')
    .argument('<candidate>', 'id of a candidate')
    .description('the chain from quotes to activation, each link verified')
    .action(performing(lineage, lineageText))
  audit
    .command('checkpoint')
    .description(
      'sign how far the log has come, and post it where QUOTEY_CHECKPOINTS says; keep it away from this machine',
    )
    .option('--out <file>', 'write it there instead of showing it')
    .action(performing(checkpoint, checkpointText))
  audit
    .command('export')
    .argument('<dir>', 'a new or empty folder')
    .description(
      'the whole store as JSON lines with proofs and the newest checkpoint, for `audit verify --export`',
    )
    .action(performing(exportTo, exportText))
}

async function log(call: Invocation) {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { candidate } = call.options as { readonly candidate?: string }
  const logged = await auditLog(ports.value, candidate ?? null)
  if (!logged.ok) return logged
  return done({ ...logged.value, unposted_checkpoints: await unpostedCheckpoints(ports.value) })
}

interface VerifyOptions {
  readonly against?: string
  readonly maxAge?: string
  readonly export?: string
}

async function verify(call: Invocation): Promise<Result<AuditReport>> {
  const options = call.options as VerifyOptions
  const age = ageSecondsMax(options)
  if (!age.ok) return age
  const against = options.against === undefined ? done(null) : await readCheckpoint(options.against)
  if (!against.ok) return against
  const report = await reportOn(call, options.export ?? null, against.value, age.value)
  if (report.ok && !report.value.ok) process.exitCode = BROKEN
  return report
}

async function readCheckpoint(path: string): Promise<Result<string>> {
  const file = await readTextFile(path)
  if (!file.ok || isCheckpoint(file.value)) return file
  const remedy = 'hand in a file made by `quotey audit checkpoint --out`'
  return refuse('bad_input', `\`${path}\` is no checkpoint`, remedy)
}

async function reportOn(
  call: Invocation,
  folder: string | null,
  against: string | null,
  ageSecondsMax: number | null,
): Promise<Result<AuditReport>> {
  if (folder === null) {
    const ports = await call.ports()
    return ports.ok ? verifyAudit(ports.value, against, ageSecondsMax) : ports
  }
  const { readExportFolder } = await import('../adapters/export-folder.ts')
  const exported = await readExportFolder(folder)
  if (!exported.ok) return exported
  const { systemClock } = await import('../adapters/clock.ts')
  return verifyExport(exported.value, against, systemClock().now(), ageSecondsMax)
}

function ageSecondsMax({ against, maxAge }: VerifyOptions): Result<number | null> {
  if (maxAge === undefined) return done(null)
  const lengthMs = lengthMsOf(maxAge)
  if (lengthMs !== null && against !== undefined) return done(lengthMs / 1000)
  return refuse(
    'bad_input',
    lengthMs === null
      ? `\`${maxAge}\` is no length of time`
      : '`--max-age` is of a checkpoint, and none is named',
    'write days or hours, such as `--against FILE --max-age 7d`',
  )
}

async function lineage(call: Invocation): Promise<Result<Lineage>> {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const named = await idNamed(ports.value, 'policy_candidate', call.arguments[0] as string)
  if (!named.ok) return named
  const walked = await lineageOf(ports.value, named.value)
  if (walked.ok && !walked.value.ok) process.exitCode = BROKEN
  return walked
}

async function checkpoint(call: Invocation) {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const ports = await call.ports()
  if (!ports.ok) return ports
  const taken = await takeCheckpoint(ports.value, actor.value)
  if (!taken.ok) return taken
  const posting = await postCheckpoints(ports.value)
  const { out } = call.options as { readonly out?: string }
  if (out === undefined) return done({ ...taken.value, posting })
  const { writeNewFile } = await import('../adapters/new-files.ts')
  const written = await writeNewFile(out, taken.value.note)
  return written.ok ? done({ ...taken.value, posting, path: out }) : written
}

async function exportTo(call: Invocation) {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { fillFolder } = await import('../adapters/new-files.ts')
  return fillFolder(call.arguments[0] as string, write => exportAudit(ports.value, { write }))
}
