import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { JsonObject } from '../domain/units.ts'
import type { AuditedStore } from '../evidence/audit-finding.ts'
import type { AuditProofs } from '../evidence/audit-proof-check.ts'
import { readAsWritten } from '../evidence/canonical.ts'
import { CHECKPOINT_FILE, PROOFS_FILE, type ReadExport } from '../loop/audit-export.ts'
import { readTextFile } from './files.ts'

const ROWS_IN_BLOCK = 250

const TABLE_FILE = /^(?<table>[a-z_]+)\.jsonl$/

/** Reads a folder that `audit export` wrote. Refuses what is none (bad_input), and what cannot be read any more (audit_broken). */
export async function readExportFolder(folder: string): Promise<Result<ReadExport>> {
  const names = await readdir(folder).catch((): string[] => [])
  const files = names.sort().flatMap(name => {
    const table = TABLE_FILE.exec(name)?.groups?.table
    return table === undefined ? [] : [[table, join(folder, name)] as const]
  })
  const paths = new Map(files)
  if (!paths.has('policy_lifecycle_audit') || !names.includes(PROOFS_FILE)) {
    return refuse(
      'bad_input',
      `\`${folder}\` is no export of an audit log`,
      'name a folder that `quotey audit export` wrote',
    )
  }
  for (const path of paths.values()) {
    const unread = await firstUnreadable(path)
    if (unread !== null) return unreadable(unread)
  }
  const store: AuditedStore = {
    tables: [...paths.keys()],
    blocks: table => {
      const path = paths.get(table)
      return path === undefined ? [] : readRows(path)
    },
  }
  const proofs = await readProofs(join(folder, PROOFS_FILE))
  if (!proofs.ok) return proofs
  const checkpoint = names.includes(CHECKPOINT_FILE)
    ? await readTextFile(join(folder, CHECKPOINT_FILE))
    : done(null)
  return checkpoint.ok ? done({ store, proofs: proofs.value, checkpoint: checkpoint.value }) : checkpoint
}

/** Lines as they were written: a reader of lines would also end them at characters that JSON leaves as they are. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(path, 'utf8')) {
    const lines = (rest + (chunk as string)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  yield rest
}

/** The place of the first line that holds no row; null where each does. */
async function firstUnreadable(path: string): Promise<string | null> {
  let number = 0
  for await (const line of linesOf(path)) {
    number += 1
    if (line !== '' && parsed(line) === null) return `${path}:${number}`
  }
  return null
}

async function* readRows(path: string): AsyncGenerator<readonly JsonObject[]> {
  let block: JsonObject[] = []
  for await (const line of linesOf(path)) {
    const row = line === '' ? null : parsed(line)
    if (row !== null) block.push(row)
    if (block.length < ROWS_IN_BLOCK) continue
    yield block
    block = []
  }
  yield block
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
    const value = readAsWritten(text)
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
