/** The one form of text in quotes and in policy literals alike: NFC, trimmed, lower case. */
export const normaliseText = (raw: string): string =>
  raw.normalize('NFC').trim().toLowerCase().normalize('NFC')

/** Text within a line that must stay one: a word of a quote or a condition could else make lines that pass for ours. */
export const onOneLine = (text: string): string => text.replace(/\s*[\n\v\f\r\u0085\u2028\u2029]\s*/gu, ' ')

/** Order by UTF-8 bytes, which is the order of code points and not of UTF-16 units. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at += 1) {
    const a = left.charCodeAt(at)
    const b = right.charCodeAt(at)
    if (a !== b) return byteRank(a) - byteRank(b)
  }
  return left.length - right.length
}

/** Surrogates stand for code points beyond U+FFFF, which sort after every other unit. */
const byteRank = (codeUnit: number): number =>
  codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x10000 : codeUnit
