import type { Command } from 'commander'
import { STARTER_POLICY } from '../adapters/starter-policy.ts'
import { composeNew } from '../compose.ts'
import type { Result } from '../domain/refusal.ts'
import { type Founded, foundInstallation } from '../loop/init.ts'
import { type Invocation, performing } from './face.ts'
import { policyOfFile } from './policy-file.ts'

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
  const checked = await policyOfFile(policy ?? STARTER_POLICY)
  if (!checked.ok) return checked
  const founded = await composeNew(call.config, ports => foundInstallation(ports, checked.value.document))
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
