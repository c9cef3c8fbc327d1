// A line between a browser and the server that a test can cut, listen to, and
// let say something else.
import { createServer, request } from 'node:http'

/**
 * Stands before the server. cut(path) breaks the connection; say(path) answers
 * instead of the server with { type, body }; edit(path, text) changes its text;
 * got counts whole answers by path and range.
 */
export async function line(target) {
  const it = { target, cut: () => false, say: () => undefined, edit: undefined, got: new Map() }
  const server = createServer((req, res) => {
    const path = req.url
    if (it.cut(path)) return req.socket.destroy()
    const said = it.say(path)
    if (said) return res.writeHead(200, { 'Content-Type': said.type, 'Cache-Control': 'no-cache' }).end(said.body)
    const to = new URL(it.target)
    const headers = { ...req.headers }
    if (it.edit) headers['accept-encoding'] = 'identity'
    const up = request({ host: to.hostname, port: to.port, method: req.method, path, headers }, (r) => {
      const edits = it.edit && /html|json/.test(r.headers['content-type'] ?? '')
      if (!edits) {
        res.writeHead(r.statusCode, r.headers)
        r.pipe(res)
        r.on('end', () => {
          const key = path + (req.headers.range ? ` ${req.headers.range}` : '')
          if (r.statusCode < 300) it.got.set(key, (it.got.get(key) ?? 0) + 1)
        })
        r.on('error', () => res.destroy())
        return
      }
      const parts = []
      r.on('data', (d) => parts.push(d))
      r.on('end', () => {
        const body = it.edit(path, Buffer.concat(parts).toString())
        const { 'content-length': _, etag: __, ...rest } = r.headers
        res.writeHead(r.statusCode, rest).end(body)
      })
    })
    up.on('error', () => req.socket.destroy())
    req.pipe(up)
  })
  await new Promise((ok) => server.listen(0, '127.0.0.1', ok))
  it.url = `http://127.0.0.1:${server.address().port}`
  it.close = () => {
    server.closeAllConnections()
    return new Promise((ok) => server.close(ok))
  }
  return it
}
