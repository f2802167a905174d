/** What a terminal obeys instead of showing: control characters but tab and newline, and what turns the direction of reading (UAX #9). */
const OBEYED = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/**
 * Text as a terminal shows it and does not obey it. Reasons, notes and cells of quotes come from others, and with control characters
 * in them could erase or forge lines of what a reviewer reads. Each stands as `\uXXXX`, which in JSON is the same string.
 */
export const shown = (text: string): string =>
  text.replace(OBEYED, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Text of several lines whose later ones stand so far in that they cannot pass for lines of their own. */
export const hanging = (text: string, spaces: number): string =>
  text.replaceAll('\n', `\n${' '.repeat(spaces)}`)
