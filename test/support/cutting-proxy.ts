import { createServer, type Server, Socket } from 'node:net'

/** What the proxy does when a client commits: let it through, cut before the server hears it, or cut before its answer arrives. */
export type Cut = 'never' | 'before the commit' | 'after the commit'

/** A proxy before a PostgreSQL server that cuts connections at their commit. */
export interface CuttingProxy extends AsyncDisposable {
  /** The same database, reached through the proxy. */
  readonly url: string
  cut: Cut
  /** Whether the server is gone for everybody from the cut on. */
  thenGone: boolean
}

/** A simple query of this one word, as the driver sends it. */
const COMMIT = 'COMMIT\0'

export async function cuttingProxy(url: string): Promise<CuttingProxy> {
  const target = new URL(url)
  const open = new Set<Socket>()
  const proxy = { cut: 'never' as Cut, thenGone: false }
  let gone = false
  const server: Server = createServer(client => {
    open.add(client)
    if (gone && proxy.cut !== 'never') {
      client.destroy()
      return
    }
    const upstream = new Socket().connect(Number(target.port), target.hostname)
    open.add(upstream)
    let deaf = false
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    client.on('data', chunk => {
      const commits = proxy.cut !== 'never' && chunk.includes(COMMIT)
      if (commits) gone = proxy.thenGone
      if (commits && proxy.cut === 'before the commit') {
        end()
        return
      }
      // The server's answer shows that it has committed; the client never sees it.
      deaf = commits
      upstream.write(chunk)
    })
    upstream.on('data', chunk => {
      if (deaf) end()
      else client.write(chunk)
    })
    for (const socket of [client, upstream]) {
      socket.on('error', end)
      socket.on('close', end)
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const through = new URL(url)
  through.port = String(typeof address === 'object' ? address?.port : 0)
  return Object.assign(proxy, {
    url: through.href,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  })
}
