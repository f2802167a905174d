/** A private key file as it lies there. */
export interface KeyFile {
  readonly path: string
  readonly actorId: string
  readonly keyId: string
  /** Permission bits that let others in, such as 0o044; 0 where there are none, or the system has no such bits. */
  readonly openToOthers: number
}

/**
 * What only the machine knows: disk, permissions, the database file itself. Answers MUST be as things are now, and it MUST change
 * nothing.
 */
export interface Machine {
  /** Bytes that may still be written beside the database, and the bytes it takes now. */
  disk(): Promise<{ readonly freeBytes: number; readonly databaseBytes: number }>
  /** Key files at hand, and the folder's own permission bits for others; the folder may be missing. */
  keys(): Promise<{
    readonly folder: string
    readonly openToOthers: number
    readonly files: readonly KeyFile[]
  }>
  /** Files and folders of the installation, its database among them, that every user of the machine may write, or may read. */
  openToAll(): Promise<{ readonly writable: readonly string[]; readonly readable: readonly string[] }>
  /** What is wrong with the database itself, as far as it can tell; empty where nothing is. */
  databaseFaults(): Promise<readonly string[]>
}
