// A weak line between a browser and the site: a TCP proxy that lets so many
// bits through a second, so many milliseconds late, and that can go away. The
// browser's own throttling leaves out what media elements ask for; this does
// not, because every byte passes here.
import { connect, createServer } from 'node:net'

/** Bytes that travel as one piece: at 250 kbit/s one takes 64 ms. */
const piece = 2000
/** What one connection may have in the queue before the others have their turn. */
const turn = 16_000
/** What is read ahead of the line; beyond, the server is made to wait. */
const ahead = 64_000

/** One direction of the line, shared by all connections. */
class Way {
  constructor(line, rate) {
    Object.assign(this, { line, rate, free: 0, sent: 0, waiting: new Set(), leaving: [], coming: [] })
  }

  /** Sends a piece on its way and says when it has left (freed) and arrived. */
  send(data, left, arrived) {
    const now = performance.now()
    this.free = Math.max(now, this.free) + (data.length * 8000) / this.rate()
    this.after(this.leaving, this.free, left)
    this.after(this.coming, this.free + this.line.rtt / 2, () => {
      this.sent += data.length
      arrived(data)
    })
  }

  /** Does things at their times, and in their order: timers of the same millisecond keep none. */
  after(queue, at, act) {
    queue.push({ at, act })
    if (queue.length > 1) return
    const go = () => {
      while (queue.length && queue[0].at <= performance.now()) {
        queue[0].act()
        queue.shift()
      }
      if (queue.length) setTimeout(go, Math.max(1, queue[0].at - performance.now()))
    }
    setTimeout(go, Math.max(1, at - performance.now()))
  }
}

/** Carries what one socket says to another over a way. */
function carry(way, from, to, firstAt) {
  const queue = []
  let queued = 0
  let flying = 0
  let onTheWay = 0
  let ended = false
  const go = () => {
    way.waiting.delete(go)
    if (way.line.gone) return void way.waiting.add(go)
    while (queue.length && flying < turn) {
      const data = queue.shift()
      queued -= data.length
      flying += data.length
      onTheWay++
      way.send(data, () => {
        flying -= data.length
        go()
      }, (d) => {
        onTheWay--
        if (!to.destroyed) to.write(d)
        if (ended && !onTheWay && !queue.length) to.end()
      })
    }
    if (queued < ahead) from.resume()
  }
  from.on('data', (d) => {
    for (let i = 0; i < d.length; i += piece) queue.push(d.subarray(i, i + piece))
    queued += d.length
    if (queued >= ahead) from.pause()
    const early = firstAt - performance.now()
    if (early > 0) setTimeout(go, early)
    else go()
  })
  from.on('end', () => {
    ended = true
    if (!onTheWay && !queue.length) to.end()
  })
  from.on('error', () => to.destroy())
  from.on('close', () => ended || to.destroy())
}

/**
 * Opens a line to a site. kbps: kilobits a second down, a number or a function
 * of the milliseconds since it was opened; up: the same; rtt: milliseconds there and back.
 */
export async function open(url, { kbps = 400, up = 400, rtt = 400 } = {}) {
  const target = new URL(url)
  const begun = performance.now()
  const line = { rtt, gone: false, kbps, connections: 0, sockets: new Set() }
  const rate = (of) => () => 1000 * (typeof of === 'function' ? of(performance.now() - begun) : of)
  const down = new Way(line, () => rate(line.kbps)())
  const upward = new Way(line, rate(up))
  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (line.gone === 'refused') return near.destroy()
    line.connections++
    const far = connect({ host: target.hostname, port: target.port, allowHalfOpen: true })
    for (const s of [near, far]) {
      s.setNoDelay(true)
      line.sockets.add(s)
      s.on('close', () => line.sockets.delete(s))
    }
    carry(upward, near, far, performance.now() + rtt) // the handshake's way there and back
    carry(down, far, near, 0)
  })
  await new Promise((ok) => server.listen(0, '127.0.0.1', ok))
  return Object.assign(line, {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Bytes that the browser has received. */
    received: () => down.sent,
    /** Milliseconds since the line was opened. */
    age: () => performance.now() - begun,
    /** The line goes: "silent" as a mobile network does (nothing arrives), "refused" with every connection broken. */
    cut(how = 'silent') {
      line.gone = how
      if (how === 'refused') for (const s of line.sockets) s.destroy()
    },
    /** The line is back; what waited goes on. */
    mend() {
      line.gone = false
      for (const way of [down, upward]) for (const go of [...way.waiting]) go()
    },
    close: () =>
      new Promise((ok) => {
        for (const s of line.sockets) s.destroy()
        server.close(ok)
      }),
  })
}

/** Full and nearly nothing by turns: 2 Mbit/s and 250 kbit/s, ten seconds each. */
export const sawTooth = (ms) => (Math.floor(ms / 10_000) % 2 ? 250 : 2000)

let late = 0
let last = performance.now()
setInterval(() => {
  const now = performance.now()
  late += Math.max(0, now - last - 150)
  last = now
}, 100).unref()
/** Milliseconds that this process was kept from running: a machine so busy slows the lines and the browser too. */
export const kept = () => late
