// Delivers heartbeats to the server in requests that it takes, and says which
// of them it has answered. Pure but for the function that sends.

/**
 * The largest request of heartbeats from a browser, in bytes: what the server
 * takes from browsers (web/api/watching.go), and what a beacon can carry.
 */
export const maxRequest = 64 * 1024
/** The most heartbeats in one request (services/viewership). */
export const maxBeats = 100
/** The longest that a server's Retry-After is followed, in seconds. */
const maxRetryAfter = 3600

const encoder = new TextEncoder()
const size = (v: unknown) => encoder.encode(JSON.stringify(v)).length

/** Divides heartbeats into requests within the limits, in order. One that is larger alone stands alone. */
export function batches<T>(beats: T[], limit = maxRequest): T[][] {
  const out: T[][] = []
  let bytes = 0
  for (const b of beats) {
    const last = out.at(-1)
    const more = size(b) + 1
    if (last && last.length < maxBeats && bytes + more <= limit) {
      last.push(b)
      bytes += more
    } else {
      out.push([b])
      bytes = more + 1
    }
  }
  return out
}

/** Seconds that an answer asks to wait; 0: it does not say. */
export function retryAfter(r: Response, now = Date.now()): number {
  const said = r.headers.get('Retry-After') || ''
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - now) / 1000
  return seconds > 0 ? Math.min(seconds, maxRetryAfter) : 0
}

export interface Delivery<T> {
  /** What the server has taken, or has refused for good: it need not be kept. */
  answered: Set<T>
  /** How many of them it refused. */
  refused: number
  /** Something is left, to be tried again; seconds to wait, 0: as the caller likes. */
  retry?: number
  /** Seconds between heartbeats that the server asks for. */
  nextSeconds?: number
}

/**
 * Sends heartbeats. A request that is too large, or refused as a whole, is
 * divided until the heartbeat in question stands alone; only that is given up
 * when it is refused, and one that is too large alone is kept. When the server
 * is busy or away, everything that it has not answered is kept.
 */
export async function deliver<T>(beats: T[], send: (batch: T[]) => Promise<Response>): Promise<Delivery<T>> {
  const d: Delivery<T> = { answered: new Set(), refused: 0 }
  const queue = batches(beats)
  for (let batch = queue.shift(); batch; batch = queue.shift()) {
    let r: Response
    try {
      r = await send(batch)
    } catch {
      d.retry = 0
      return d
    }
    const invalid = r.status === 400 || r.status === 422
    if (r.ok) {
      const said: { nextSeconds?: number; refused?: number } = await r.json().catch(() => ({}))
      d.refused += said.refused || 0
      d.nextSeconds = said.nextSeconds || d.nextSeconds
      for (const b of batch) d.answered.add(b)
    } else if ((invalid || r.status === 413) && batch.length > 1) {
      const half = batch.length >> 1
      queue.unshift(batch.slice(0, half), batch.slice(half))
    } else if (invalid) {
      d.refused++
      d.answered.add(batch[0] as T)
    } else if (r.status === 413) {
      d.retry = 0
    } else {
      d.retry = retryAfter(r)
      return d
    }
  }
  return d
}
