import { readTextFile } from '../adapters/files.ts'
import type { CheckedPolicy } from '../domain/policy.ts'
import { type Result, refuse } from '../domain/refusal.ts'
import type { Invocation } from './face.ts'

/** A bare number is a version of this installation, anything else a file. */
export async function policyNamed(call: Invocation, name: string): Promise<Result<CheckedPolicy>> {
  if (!/^[1-9]\d{0,14}$/.test(name)) return policyOfFile(name)
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { policyByVersion } = await import('../loop/policy.ts')
  return policyByVersion(ports.value, Number(name))
}

/** The policy in a file, checked; refusals name the file, and each fault its line and column. */
export async function policyOfFile(path: string): Promise<Result<CheckedPolicy>> {
  const file = await readTextFile(path)
  if (!file.ok) return file
  const { checkPolicyText } = await import('../domain/policy-text.ts')
  const checked = checkPolicyText(file.value)
  if (checked.ok) return checked
  const { code, message, remedy, facts } = checked.refusal
  return refuse(code, `\`${path}\`: ${message}`, remedy, { file: path, ...facts })
}
