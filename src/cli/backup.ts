import type { Command } from 'commander'
import { composeBackup, composeRestored } from '../compose.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { SoundCopy } from '../loop/backup.ts'
import { type Invocation, performing } from './face.ts'
import { progressBar } from './progress.ts'

export function register(parent: Command): void {
  parent
    .command('backup')
    .argument('<folder>', 'a new folder for database and snapshots; private keys are never in it')
    .description('copy the installation while it is in use, and check the copy as an audit does')
    .action(performing(backup, copy => text('backup', copy)))
  parent
    .command('restore')
    .argument('<folder>', 'a folder made by `quotey backup`')
    .description('make an installation from a backup, in a home where there is none')
    .action(performing(restore, copy => text('restored', copy)))
}

type Placed = SoundCopy & { readonly path: string; readonly keys_folder: string }

async function backup(call: Invocation): Promise<Result<Placed>> {
  const [folder] = call.arguments as [string]
  const copied = await composeBackup(call.config, folder, progressBar())
  return copied.ok ? done({ ...copied.value, path: folder, keys_folder: call.config.keysFolder }) : copied
}

async function restore(call: Invocation): Promise<Result<Placed>> {
  const { home, keysFolder } = call.config
  const restored = await composeRestored(call.config, (call.arguments as [string])[0], progressBar())
  return restored.ok ? done({ ...restored.value, path: home, keys_folder: keysFolder }) : restored
}

const text = (what: string, copy: Placed): string =>
  [
    `${what.padEnd(13)} ${copy.path}`,
    `installation  ${copy.installation_id}`,
    `policy        version ${copy.policy_version} under epoch ${copy.epoch}`,
    `log           ${copy.entries} entries, root ${copy.root_hash}`,
    `snapshots     ${copy.snapshots}, each checked against its digest`,
    what === 'backup'
      ? `keys          not in it: keep \`${copy.keys_folder}\` elsewhere, by its owners`
      : `keys          none came with it: put the owners' key files into \`${copy.keys_folder}\``,
  ].join('\n')
