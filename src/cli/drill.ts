import type { Command } from 'commander'

export function register(parent: Command): void {
  void parent
}
