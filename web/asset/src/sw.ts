// The worker: serves kept lessons from this device, and the offline page
// without a network. It keeps nothing else: no page with anybody's name on it,
// nothing that was only watched.
import type { Index } from './offline-download'
import { asked, overlap } from './player/pieces'

interface Extendable extends Event {
  waitUntil(p: Promise<unknown>): void
}
interface Fetching extends Extendable {
  request: Request
  respondWith(r: Promise<Response> | Response): void
}
interface Worker {
  addEventListener(on: 'install' | 'activate', fn: (e: Extendable) => void): void
  addEventListener(on: 'fetch', fn: (e: Fetching) => void): void
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
  location: Location
}
const worker = self as unknown as Worker

const kept = 'kept' // player/offline-store.ts; never deleted here
const shell = 'shell-2' // the number changes with what is meant to lie in it
const page = '/kept'

/**
 * Stores the offline page as nobody in particular sees it, and what it is made
 * of. The page goes in last: the one before stays whole until then.
 */
async function stock(): Promise<void> {
  const r = await fetch(page, { credentials: 'omit', cache: 'no-cache' })
  if (!r.ok || r.redirected) return
  const text = await r.clone().text()
  const cache = await caches.open(shell)
  const parts = new Set(text.match(/\/assets\/[\w.-]+/g) || [])
  for (const p of parts) {
    if (await cache.match(p)) continue
    const a = await fetch(p)
    if (!a.ok) return
    await cache.put(p, a)
  }
  await cache.put(page, r)
  for (const old of await cache.keys()) {
    const path = new URL(old.url).pathname
    if (path !== page && !parts.has(path)) await cache.delete(old)
  }
}

/** Shells of other builds go; kept lessons are nobody's but the student's to delete. */
async function tidy(): Promise<void> {
  if (!(await (await caches.open(shell)).match(page))) return // the older one still serves
  for (const name of await caches.keys())
    if (name.startsWith('shell') && name !== shell) await caches.delete(name)
}

/** A stored answer's bytes; undefined when the browser has thrown it away. */
const blobAt = async (cache: Cache, path: string) => (await cache.match(path))?.blob()

/**
 * A kept file, whole or the range that was asked for: the store takes whole
 * answers only, so a part is cut out of what lies there, and one file of many
 * parts is joined.
 */
async function keptFile(request: Request): Promise<Response> {
  const cache = await caches.open(kept)
  const path = new URL(request.url).pathname
  const range = request.headers.get('Range')
  const one = await cache.match(path)
  if (one) {
    const body = await one.blob()
    const wants = asked(range, body.size)
    const type = one.headers.get('Content-Type') || 'application/octet-stream'
    return answer(type, body.size, wants, wants ? body.slice(wants[0], wants[1] + 1) : body)
  }
  const folder = /^(.*\/)whole$/.exec(path)?.[1] || ''
  const index = (await (await cache.match(`${folder}index.json`))?.json()) as Index | undefined
  if (!index?.whole.sizes) return gone()
  const { type, names, sizes } = index.whole
  const size = sizes.reduce((a, b) => a + b, 0)
  const wants = asked(range, size)
  if (wants === null) return answer(type, size, wants)
  const [from, to] = wants || [0, size - 1]
  const cuts = overlap(sizes, from, to)
  const parts = await Promise.all(cuts.map(([n]) => blobAt(cache, folder + names[n])))
  if (parts.some(p => !p)) return gone()
  const body = new Blob(cuts.map(([, a, b], i) => (parts[i] as Blob).slice(a, b)))
  return answer(type, size, wants, body)
}

const gone = () => new Response('', { status: 404 })

/** wants: undefined, all of it; null, nothing that there is. */
function answer(
  type: string,
  size: number,
  wants: [number, number] | undefined | null,
  body?: Blob,
): Response {
  const headers: Record<string, string> = {
    'Content-Type': type,
    'Accept-Ranges': 'bytes',
    'X-Content-Type-Options': 'nosniff',
    // Another site's file must never be a page of ours.
    'Content-Security-Policy': "sandbox; default-src 'none'",
  }
  if (wants === null) {
    headers['Content-Range'] = `bytes */${size}`
    return new Response('', { status: 416, headers })
  }
  if (wants) headers['Content-Range'] = `bytes ${wants[0]}-${wants[1]}/${size}`
  headers['Content-Length'] = String(wants ? wants[1] - wants[0] + 1 : size)
  return new Response(body, { status: wants ? 206 : 200, headers })
}

/** A page, from the network; without one the offline page. */
async function visit(request: Request, path: string): Promise<Response> {
  try {
    return await fetch(request)
  } catch {
    if (path !== page) {
      const lesson = /^\/lessons\/([\w-]+)$/.exec(path)
      return Response.redirect(page + (lesson ? `#${lesson[1]}` : ''), 302)
    }
    return (await caches.match(page)) || Response.error()
  }
}

worker.addEventListener('install', e => {
  e.waitUntil(stock().then(() => worker.skipWaiting()))
})
worker.addEventListener('activate', e => {
  e.waitUntil(tidy().then(() => worker.clients.claim()))
})
worker.addEventListener('fetch', e => {
  const { request } = e
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return
  const path = url.pathname
  if (path.startsWith('/kept/')) {
    e.respondWith(keptFile(request))
  } else if (path.startsWith('/assets/')) {
    e.respondWith(
      caches
        .open(shell)
        .then(c => c.match(path))
        .then(r => r || fetch(request)),
    )
  } else if (request.mode === 'navigate') {
    e.respondWith(visit(request, path))
    if (path === page) e.waitUntil(stock().then(tidy, () => undefined))
  }
})
