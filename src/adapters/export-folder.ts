import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { JsonObject } from '../domain/units.ts'
import type { AuditProofs } from '../evidence/audit-proof-check.ts'
import { CHECKPOINT_FILE, PROOFS_FILE, type ReadExport } from '../loop/audit-export.ts'
import { readTextFile } from './files.ts'

const TABLE_FILE = /^(?<table>[a-z_]+)\.jsonl$/

/** Reads a folder that `audit export` wrote. Refuses what is none (bad_input), and what cannot be read any more (audit_broken). */
export async function readExportFolder(folder: string): Promise<Result<ReadExport>> {
  const names = await readdir(folder).catch((): string[] => [])
  const tables: Record<string, readonly JsonObject[]> = {}
  for (const name of names.sort()) {
    const table = TABLE_FILE.exec(name)?.groups?.table
    if (table === undefined) continue
    const rows = await readRows(join(folder, name))
    if (!rows.ok) return rows
    tables[table] = rows.value
  }
  if (tables.policy_lifecycle_audit === undefined || !names.includes(PROOFS_FILE)) {
    return refuse(
      'bad_input',
      `\`${folder}\` is no export of an audit log`,
      'name a folder that `quotey audit export` wrote',
    )
  }
  const proofs = await readProofs(join(folder, PROOFS_FILE))
  if (!proofs.ok) return proofs
  const checkpoint = names.includes(CHECKPOINT_FILE)
    ? await readTextFile(join(folder, CHECKPOINT_FILE))
    : done(null)
  return checkpoint.ok ? done({ tables, proofs: proofs.value, checkpoint: checkpoint.value }) : checkpoint
}

async function readRows(path: string): Promise<Result<readonly JsonObject[]>> {
  const text = await readTextFile(path)
  if (!text.ok) return text
  const rows: JsonObject[] = []
  for (const [at, line] of text.value.split('\n').entries()) {
    if (line === '') continue
    const row = parsed(line)
    if (row === null) return unreadable(`${path}:${at + 1}`)
    rows.push(row)
  }
  return done(rows)
}

async function readProofs(path: string): Promise<Result<AuditProofs>> {
  const text = await readTextFile(path)
  if (!text.ok) return text
  const proofs = parsed(text.value) as AuditProofs | null
  const lists = [proofs?.inclusion, proofs?.consistency]
  const readable = lists.every(
    list => Array.isArray(list) && list.every(proof => Array.isArray(proof?.hashes)),
  )
  return proofs?.schema === 'clo_audit_proofs.v1' && readable ? done(proofs) : unreadable(path)
}

function parsed(text: string): JsonObject | null {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
  } catch {
    return null
  }
}

const unreadable = (where: string): Result<never> =>
  refuse(
    'audit_broken',
    `\`${where}\` cannot be read`,
    'take the export again, and keep this one as evidence',
  )
