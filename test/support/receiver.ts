import { EventEmitter } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request as it came in. */
export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** In place of a status code: the request is taken and never answered. */
export const NO_ANSWER = 0

/** A real HTTP server on loopback that keeps what it is told and answers as scripted, then 200. */
export interface Receiver extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly received: readonly Received[]
  /** Says `received` with each request. */
  readonly events: EventEmitter
  /** Status codes of the next answers. */
  answerWith(...statusCodes: readonly number[]): void
}

export async function openReceiver(port = 0): Promise<Receiver> {
  const received: Received[] = []
  const script: number[] = []
  const events = new EventEmitter()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
      events.emit('received')
      const status = script.shift() ?? 200
      if (status === NO_ANSWER) return
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
    })
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://127.0.0.1:${bound}/hook`,
    port: bound,
    received,
    events,
    answerWith: (...statusCodes) => script.push(...statusCodes),
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
