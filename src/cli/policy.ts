import type { Command } from 'commander'
import { done, type Result } from '../domain/refusal.ts'
import type { PolicyChecked, PolicyDiffed, PolicyShown, QuoteDecided } from '../loop/policy.ts'
import { type Invocation, performing } from './face.ts'
import { policyNamed, policyOfFile } from './policy-file.ts'
import { checkedText, decidedText, diffedText, shownText } from './policy-rendering.ts'

export function register(parent: Command): void {
  const policy = parent.command('policy').description('policies: check, show, compare, decide')
  policy
    .command('check')
    .argument('<file>', 'a policy as YAML or JSON')
    .description('check a policy; every fault with line and column')
    .action(performing(check, checkedText))
  policy.command('show').description('the active policy').action(performing(show, shownText))
  policy
    .command('diff')
    .argument('<base>', 'a file, or the number of a policy version')
    .argument('<candidate>', 'a file, or the number of a policy version')
    .description('what changes from one policy to the other')
    .option('--prove', 'prove whether the candidate is looser on any possible quote')
    .action(performing(diff, diffedText))
  policy
    .command('decide')
    .description('decide one quote under the active policy')
    .requiredOption('--quote <json>', 'the quote, with canonical column names')
    .action(performing(decide, decidedText))
}

async function check(call: Invocation): Promise<Result<PolicyChecked>> {
  const policy = await policyOfFile(call.arguments[0] as string)
  if (!policy.ok) return policy
  const { checkedPolicy } = await import('../loop/policy.ts')
  return done(checkedPolicy(policy.value))
}

async function show(call: Invocation): Promise<Result<PolicyShown>> {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { showPolicy } = await import('../loop/policy.ts')
  return showPolicy(ports.value)
}

async function diff(call: Invocation): Promise<Result<PolicyDiffed>> {
  const { prove = false } = call.options as { prove?: boolean }
  const [baseName, candidateName] = call.arguments as [string, string]
  const base = await policyNamed(call, baseName)
  if (!base.ok) return base
  const candidate = await policyNamed(call, candidateName)
  if (!candidate.ok) return candidate
  const { diffOfPolicies } = await import('../loop/policy.ts')
  return done(diffOfPolicies(base.value, candidate.value, prove))
}

async function decide(call: Invocation): Promise<Result<QuoteDecided>> {
  const { quote } = call.options as unknown as { quote: string }
  const { readRequest } = await import('../domain/request-text.ts')
  const request = readRequest(quote)
  if (!request.ok) return request
  const ports = await call.ports()
  if (!ports.ok) return ports
  const { decideQuote } = await import('../loop/policy.ts')
  return decideQuote(ports.value, request.value)
}
