/** Compiled text by source. */
const compiled = new Map<string, unknown>()
const COMPILED_MAX = 1_024

/** The function of a text; the same text gives the same function, warm from earlier use. */
export function compiledLoop<T>(parameters: readonly string[], text: string): T {
  const source = `'use strict'\n${text}`
  const key = `${parameters.join()}\n${source}`
  const known = compiled.get(key)
  if (known !== undefined) return known as T
  const made = new Function(...parameters, source) as T
  if (compiled.size >= COMPILED_MAX) compiled.clear()
  compiled.set(key, made)
  return made
}
