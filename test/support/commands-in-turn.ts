import { wholeProgram } from './whole-program.ts'

/** Runs the calls it is given (JSON, each a list of words) one after another in this process, and prints how each ended. */
const calls = JSON.parse(process.argv[2] as string) as readonly (readonly string[])[]
const write = process.stdout.write.bind(process.stdout)
const ended: { readonly exitCode: number; readonly said: string }[] = []
for (const words of calls) {
  let said = ''
  const keep = (text: string | Uint8Array): boolean => {
    said += text
    return true
  }
  process.stdout.write = keep
  process.stderr.write = keep
  process.exitCode = 0
  await (await wholeProgram()).parseAsync([...words], { from: 'user' })
  ended.push({ exitCode: Number(process.exitCode), said })
}
process.exitCode = 0
write(JSON.stringify(ended))
