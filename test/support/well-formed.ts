const VOID = new Set(['meta', 'br', 'link', 'img', 'hr', 'input'])

/** Faults of an HTML text: tags that do not close in order, ids that occur twice. Empty when it is well formed. */
export function markupFaults(page: string): readonly string[] {
  const faults: string[] = []
  const open: string[] = []
  const body = page.replace(/<style>[\s\S]*?<\/style>/g, '<style></style>')
  for (const [tag, closing, name, rest] of body.matchAll(/<(\/?)([a-zA-Z][\w-]*)((?:"[^"]*"|[^>"])*)>/g)) {
    if (closing === '/') {
      const expected = open.pop()
      if (expected !== name) faults.push(`</${name}> closes <${expected}>`)
    } else if (!VOID.has(name as string) && !(rest as string).endsWith('/')) open.push(name as string)
    if (/[^=]"[^\s"=/>]/.test(rest as string)) faults.push(`attributes of ${tag}`)
  }
  faults.push(...open.map(name => `<${name}> is never closed`))
  const ids = [...body.matchAll(/\sid="([^"]*)"/g)].map(match => match[1] as string)
  faults.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map(id => `id ${id} occurs twice`))
  return faults
}
