import type { Result } from '../domain/refusal.ts'

/**
 * Runs a check over documents that somebody may have written anew, digests and all. Such a one can lack what belongs in it: what
 * trips over that is no fault of ours but what the check is there to find, and becomes `found`, with what it tripped over.
 */
export async function overForeign<T>(
  check: () => Promise<Result<T>>,
  found: (cause: string) => Result<never>,
): Promise<Result<T>> {
  try {
    return await check()
  } catch (error) {
    const tripped = error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
    if (!tripped) throw error
    return found(error.message)
  }
}
