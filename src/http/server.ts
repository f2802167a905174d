import fastify, { type FastifyInstance, LogController } from 'fastify'
import { metricsOf } from '../domain/metrics.ts'
import { refuse } from '../domain/refusal.ts'
import { controlStatus } from '../loop/pause-status.ts'
import { BrokenState, type Ports } from '../loop/ports.ts'
import { standingNow } from '../loop/standing.ts'
import { metricsText } from './metrics-text.ts'

/** Where the lines of the log go, one JSON object an event. */
export interface LogStream {
  write(line: string): void
}

/**
 * The service's routes; none changes anything, so none asks who is there. `/healthz` says that the process runs, `/readyz` that its
 * store can be read and holds together, `/metrics` how the installation stands.
 */
export function buildServer(ports: Ports, log: LogStream): FastifyInstance {
  const server = fastify({
    logger: { stream: log, base: null },
    // One line a request, below, instead of two.
    logController: new LogController({ disableRequestLogging: true }),
  })
  server.get('/healthz', async () => ({ ok: true }))
  server.get('/readyz', async () => {
    const { paused, epoch, policy_version } = await controlStatus(ports)
    return { ready: true, paused, epoch, policy_version }
  })
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metricsText(metricsOf(await standingNow(ports)))
    return reply.header('content-type', contentType).send(text)
  })
  server.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        url: pathOf(request.url),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    )
  })
  server.setNotFoundHandler((request, reply) => {
    const nothing = refuse(
      'not_found',
      `nothing is at \`${pathOf(request.url)}\``,
      'see docs/serve.md for what there is',
    )
    return reply.code(404).send({ refusal: nothing.refusal })
  })
  server.setErrorHandler((error: Error, request, reply) => {
    request.log.error({ err: error }, 'failed')
    // A store that contradicts itself is no longer ready; the refusal says what to do about it.
    return error instanceof BrokenState
      ? reply.code(503).send({ refusal: error.refusal })
      : reply.code(500).send({ fault: { message: 'fault of ours; the log says more' } })
  })
  return server
}

/** Without its query: no route takes one, and a token that somebody sends along is to end in no log. */
const pathOf = (url: string): string => url.split('?', 1)[0] as string
