import type { Instant } from './units.ts'

const DAY_MS = 86_400_000

/** The UTC day of an instant, such as `2026-11-22`: the key of `ops daily`. */
export const dayOf = (instant: Instant): string => instant.slice(0, 10)

/** The ISO 8601 week of an instant, such as `2026-W47`: the key of `ops weekly`. */
export function weekOf(instant: Instant): string {
  const day = Date.parse(`${dayOf(instant)}T00:00:00Z`)
  // A week belongs to the year in which its Thursday lies.
  const thursday = day + (4 - weekday(day)) * DAY_MS
  const year = new Date(thursday).getUTCFullYear()
  const week = 1 + Math.floor((thursday - Date.UTC(year, 0, 1)) / (7 * DAY_MS))
  return `${year}-W${String(week).padStart(2, '0')}`
}

/** Monday is 1, Sunday is 7. */
const weekday = (ms: number): number => ((new Date(ms).getUTCDay() + 6) % 7) + 1

/** Days after that of `since` and before that of `now`, oldest first: each should have had its run. */
export const daysBetween = (since: Instant, now: Instant): readonly string[] =>
  keysBetween(since, now, 1, dayOf)

/** Weeks after that of `since` and before that of `now`, oldest first. */
export const weeksBetween = (since: Instant, now: Instant): readonly string[] =>
  keysBetween(since, now, 7, weekOf)

function keysBetween(
  since: Instant,
  now: Instant,
  stepDays: number,
  keyOf: (instant: Instant) => string,
): readonly string[] {
  const keys: string[] = []
  const last = keyOf(now)
  for (let at = Date.parse(since) + stepDays * DAY_MS; ; at += stepDays * DAY_MS) {
    const key = keyOf(new Date(at).toISOString())
    if (key >= last) return keys
    keys.push(key)
  }
}
