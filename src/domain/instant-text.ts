import { UnreadableCell } from './unreadable-cell.ts'

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/

/**
 * Milliseconds since 1970 UTC of an ISO 8601 date (midnight) or date and time; without an offset it is UTC. Digits beyond
 * milliseconds are cut off. The 31st of February is unreadable, as is any other day that does not exist.
 */
export function millisecondsOf(text: string): number | UnreadableCell {
  const match = ISO.exec(text.trim())
  if (match === null) return new UnreadableCell('is not an ISO 8601 date or date-time')
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(at => Number(match[at] ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const fraction = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const local = Date.UTC(year, month - 1, day, hour, minute, second, fraction)
  const back = new Date(local)
  const exists = back.getUTCMonth() === month - 1 && back.getUTCDate() === day
  if (!exists || year < 1000 || hour > 23 || minute > 59 || second > 59) {
    return new UnreadableCell('is a moment that does not exist')
  }
  return local - offsetMilliseconds(match[8])
}

function offsetMilliseconds(offset: string | undefined): number {
  if (offset === undefined || offset === 'Z' || offset === 'z') return 0
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000
}
