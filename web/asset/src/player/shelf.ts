// The shelf: which lessons this device keeps, and what was watched of them
// without a network. The files lie in the Cache API, which only the worker's
// update to the shell ever touches elsewhere; the list lies beside it, so that
// a lesson whose file the browser threw away is still known by name.
import type { Heartbeat } from './heartbeat-state'
import { keep, recall } from './parts'

/** The store of kept files. No worker's update ever deletes it. */
export const cacheName = 'kept'

/** A lesson on the shelf. */
export interface Kept {
  lesson: string
  title: string
  about: string
  choice: string
  /** Bytes on this device. */
  bytes: number
  seconds: number
  /** When the grant under which viewing is counted was given, milliseconds since 1970. */
  granted: number
  token: string
}

/** A visit to a kept lesson, as it is told to the server. */
export interface Run extends Heartbeat {
  run: string
  startedAt: string
}

/** Where the worker finds a kept lesson's file. */
export const address = (lesson: string) => `/kept/file/${lesson}`
export const poster = (lesson: string) => `/kept/poster/${lesson}`

function list<T>(key: string): T[] {
  try {
    const v: unknown = JSON.parse(recall(key) || '[]')
    return Array.isArray(v) ? v : []
  } catch {
    return []
  }
}

const save = (key: string, all: unknown[]) => keep(key, all.length ? JSON.stringify(all) : '')

export const shelf = () => list<Kept>('shelf')

/** Puts a lesson on the shelf or replaces it. */
export function put(k: Kept): void {
  save('shelf', [k, ...shelf().filter(o => o.lesson !== k.lesson)])
}

/** Takes a lesson off the shelf with its file. */
export async function remove(lesson: string): Promise<void> {
  save(
    'shelf',
    shelf().filter(k => k.lesson !== lesson),
  )
  const cache = await caches.open(cacheName)
  await cache.delete(address(lesson))
  await cache.delete(poster(lesson))
}

/** Whether the lesson's file is still there: browsers throw away what they need room for. */
export async function there(lesson: string): Promise<boolean> {
  return !!(await (await caches.open(cacheName)).match(address(lesson)))
}

/** Runs that wait for the network; older ones than these many would be too late anyway. */
const maxRuns = 200

/** Remembers a run's newest state until it is delivered. */
export function store(r: Run): void {
  save('runs', [...list<Run>('runs').filter(o => o.run !== r.run), r].slice(-maxRuns))
}

let delivering = false

/** Tells the server what was watched. What it takes, or will never take, is forgotten. */
export async function deliver(): Promise<void> {
  const runs = list<Run>('runs')
  if (delivering || !runs.length) return
  delivering = true
  try {
    for (const part of [runs.slice(0, 50), runs.slice(50, 100), runs.slice(100, 150), runs.slice(150)]) {
      if (!part.length) continue
      const r = await send('heartbeats', part)
      if (r.status >= 500 || r.status === 429) break
      // A state stored meanwhile is newer than the one sent: it stays.
      const sent = new Map(part.map(p => [p.run, p.sequence]))
      save(
        'runs',
        list<Run>('runs').filter(o => sent.get(o.run) !== o.sequence),
      )
    }
  } catch {
    // The next opening tries again.
  }
  delivering = false
}

/** Asks for a grant: viewing of a kept lesson counts under it for 30 days. */
export async function grant(lesson: string): Promise<{ status: number; token: string }> {
  const r = await send(`lessons/${lesson}/playback-sessions`, {
    offline: true,
    viewerToken: recall('viewer'),
  })
  if (!r.ok) return { status: r.status, token: '' }
  const o = (await r.json()) as { token: string; viewerToken: string }
  keep('viewer', o.viewerToken)
  return { status: r.status, token: o.token }
}

function send(path: string, body: unknown): Promise<Response> {
  return fetch(`/api/v1/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    credentials: 'same-origin',
  })
}

/** 45 MB as the page's language writes it. */
export function megabytes(bytes: number): string {
  const mb = bytes / 1e6
  const n = mb.toLocaleString(document.documentElement.lang, { maximumFractionDigits: mb < 10 ? 1 : 0 })
  return `${n} MB`
}

/** Fills {name} in a sentence of the page. */
export function fill(sentence: string | undefined, values: Record<string, string> = {}): string {
  return (sentence || '').replace(/\{(\w+)\}/g, (_, name: string) => values[name] || '')
}

/** Whether this browser can keep lessons at all. */
export const able = () => 'caches' in window && 'serviceWorker' in navigator

/** Starts the worker; it looks after all of the site. */
export function work(): Promise<unknown> {
  return navigator.serviceWorker.register('/sw.js', { scope: '/' })
}
