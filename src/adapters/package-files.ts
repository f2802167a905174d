import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Absolute path of a file or folder that the package ships, named from its root; the same from source and from the bundle. */
export const packageFile = (name: string): string => join(packageRoot(), name)

function packageRoot(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}
