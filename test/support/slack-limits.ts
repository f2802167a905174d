/*
 * Slack's own limits, from "Block Kit reference" at docs.slack.dev, written apart from the code that builds messages: walks any
 * message as plain JSON.
 */
type Node = Readonly<Record<string, unknown>>

const node = (value: unknown): Node => (typeof value === 'object' && value !== null ? (value as Node) : {})
const items = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.map(node) : [])

/** What Slack would refuse a message for; empty where nothing. */
export function slackFaults(message: unknown): readonly string[] {
  const { text, blocks } = node(message)
  const faults: string[] = []
  const check = (ok: boolean, fault: string): void => {
    if (!ok) faults.push(fault)
  }
  check(typeof text === 'string' && text.length > 0 && text.length <= 4000, 'fallback text')
  const all = items(blocks)
  check(all.length >= 1 && all.length <= 50, `${all.length} blocks`)
  const textFaults = (object: Node, lengthMax: number, type: string): void => {
    const words = String(object.text)
    check(object.type === type, `text of type ${String(object.type)}`)
    check(words.length >= 1 && words.length <= lengthMax, `text of ${words.length} characters`)
    const bare = words.replace(/<https?:\/\/[^<>|\s]+\|[^<>|]*>/g, '')
    check(!/[<>]/.test(bare) && !/&(?!(amp|lt|gt);)/.test(bare), `unescaped: ${bare.slice(0, 80)}`)
  }
  for (const block of all) {
    if (block.type === 'header') textFaults(node(block.text), 150, 'plain_text')
    else if (block.type === 'section') {
      check(block.text !== undefined || block.fields !== undefined, 'a section without text')
      if (block.text !== undefined) textFaults(node(block.text), 3000, 'mrkdwn')
      check(items(block.fields).length <= 10, 'fields')
      for (const field of items(block.fields)) textFaults(field, 2000, 'mrkdwn')
    } else if (block.type === 'context') {
      check(items(block.elements).length >= 1 && items(block.elements).length <= 10, 'context elements')
      for (const element of items(block.elements)) textFaults(element, 2000, 'mrkdwn')
    } else faults.push(`a block of type ${String(block.type)}, which can do more than inform`)
  }
  return faults
}
