import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { readTextFile } from '../adapters/files.ts'
import { composeNew } from '../compose.ts'
import { readPolicyText } from '../domain/policy-text.ts'
import type { Result } from '../domain/refusal.ts'
import { type Founded, foundInstallation } from '../loop/init.ts'
import { type Invocation, performing } from './face.ts'

export const STARTER_POLICY = fileURLToPath(new URL('../../policies/starter.yaml', import.meta.url))

export function register(parent: Command): void {
  parent
    .command('init')
    .description('make an installation: database, root key, first policy and thresholds')
    .option('--policy <file>', 'the policy in force now (default: a starter policy)')
    .action(performing(initialise, text))
}

type Initialised = Founded & { readonly home: string; readonly keys_folder: string }

async function initialise(call: Invocation): Promise<Result<Initialised>> {
  const { policy } = call.options as { policy?: string }
  const file = await readTextFile(policy ?? STARTER_POLICY)
  if (!file.ok) return file
  const document = readPolicyText(file.value)
  if (!document.ok) return document
  const founded = await composeNew(call.config, ports => foundInstallation(ports, document.value))
  if (!founded.ok) return founded
  const { home, keysFolder } = call.config
  return { ok: true, value: { ...founded.value, home, keys_folder: keysFolder } }
}

const text = (made: Initialised): string =>
  [
    `installation  ${made.installation_id}`,
    `home          ${made.home}`,
    `root key      ${made.keys_folder}/root.${made.root_key_id}.pem (whoever holds it says who may act; keep a copy elsewhere)`,
    `policy        version ${made.policy_version}, ${made.rules} rules, active under epoch ${made.epoch}`,
    '',
    'next: quotey actor add --id YOU --role revenue_ops, and other people for runtime_owner and safety_owner',
  ].join('\n')
