import type { Command } from 'commander'
import { readTextFile } from '../adapters/files.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Json } from '../domain/units.ts'
import { type AuditReport, auditLog, exportAudit, takeCheckpoint, verifyAudit } from '../loop/audit.ts'
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
    .action(performing(verify, reportText))
  audit
    .command('lineage')
    .argument('<candidate>', 'id of a candidate')
    .description('the chain from quotes to activation, each link verified')
    .action(performing(lineage, lineageText))
  audit
    .command('checkpoint')
    .description('sign how far the log has come; keep the file away from this machine')
    .option('--out <file>', 'write it there instead of showing it')
    .action(performing(checkpoint, checkpointText))
  audit
    .command('export')
    .argument('<dir>', 'a new or empty folder')
    .description('the whole store as JSON lines, one file a table')
    .action(performing(exportTo, exportText))
}

async function log(call: Invocation): ReturnType<typeof auditLog> {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { candidate } = call.options as { readonly candidate?: string }
  return auditLog(ports.value, candidate ?? null)
}

async function verify(call: Invocation): Promise<Result<AuditReport>> {
  const { against } = call.options as { readonly against?: string }
  const checkpoint = against === undefined ? done(null) : await readJson(against)
  if (!checkpoint.ok) return checkpoint
  const ports = await call.ports()
  if (!ports.ok) return ports
  const report = await verifyAudit(ports.value, checkpoint.value)
  if (report.ok && !report.value.ok) process.exitCode = BROKEN
  return report
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
  const { out } = call.options as { readonly out?: string }
  if (!taken.ok || out === undefined) return taken
  const { writeNewFile } = await import('../adapters/new-files.ts')
  const written = await writeNewFile(out, `${JSON.stringify(taken.value.envelope, null, 2)}\n`)
  return written.ok ? done({ ...taken.value, path: out }) : written
}

async function exportTo(call: Invocation) {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const exported = await exportAudit(ports.value)
  if (!exported.ok) return exported
  const { writeFolder } = await import('../adapters/new-files.ts')
  const files = await writeFolder(call.arguments[0] as string, exported.value.files)
  return files.ok ? done({ rows: exported.value.rows, files: files.value }) : files
}

async function readJson(path: string): Promise<Result<Json>> {
  const file = await readTextFile(path)
  if (!file.ok) return file
  try {
    return done(JSON.parse(file.value) as Json)
  } catch {
    return refuse(
      'bad_input',
      `\`${path}\` is not JSON`,
      'hand in a file made by `quotey audit checkpoint --out`',
    )
  }
}
