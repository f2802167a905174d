import { GROUPS } from './quote.ts'

/**
 * The jackknife group of a cluster, 0..31: FNV-1a over the UTF-16 units (low byte first), then the 32-bit finaliser of
 * MurmurHash3, modulo 32. It spreads evenly also over texts that differ in a last digit only. Never change it: snapshots carry the
 * groups they were imported with, and two definitions would split one cluster.
 */
export function groupOfCluster(cluster: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < cluster.length; at += 1) {
    const unit = cluster.charCodeAt(at)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % GROUPS
}
