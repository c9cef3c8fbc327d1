// The offline store: which lessons this device keeps, and what was watched of them
// without a network. The files lie in the Cache API, which no worker's update
// touches; the lists lie beside it, so that a lesson whose files the browser
// threw away is still known by name. A lesson is in the offline store when it is whole;
// until then it is among those being kept.
import { deliver as deliverBatches } from './delivery'
import type { Heartbeat } from './heartbeat-state'
import { keep, recall } from './stage'

/** The store of kept files. No worker's update ever deletes it. */
export const cacheName = 'kept'

/** A grant under which viewing of a kept lesson is counted. */
export interface Grant {
  token: string
  /** The device's own grant, when token is a signed-in person's. */
  device?: string
  /** The mark of that person's sign-in; "": nobody's. Unknown in what older builds kept. */
  holder?: string
  /** When it was given, milliseconds since 1970. */
  granted: number
}

interface Named {
  lesson: string
  title: string
  about: string
  /** "saver", "sound", or a rung: "720p". */
  choice: string
  /** Bytes on this device; of one being kept, what it will take. */
  bytes: number
  seconds: number
  /** The verified set of renditions it is of. Unknown in what older builds kept. */
  package?: string
  /** Where its files lie; one file of an older build has none. */
  folder?: string
}

/** A lesson in the offline store. */
export interface Kept extends Named, Grant {
  /** How many files lie in its folder. */
  parts?: number
  /** Where the engine lies that plays it, when it is a rung. */
  engine?: string
  /** Its teacher has put another recording in its place. */
  replaced?: boolean
}

/** A lesson that is being kept. */
export interface Keeping extends Named {
  folder: string
  /** Bytes that have come. */
  done: number
  grant?: Grant
}

/** A visit to a kept lesson, as it is told to the server. */
export interface Run extends Heartbeat {
  run: string
  startedAt: string
}

/** Where everything of a kept lesson lies. */
export const home = (lesson: string) => `/kept/${lesson}/`
/** The one file of a lesson: its pieces joined. */
export const address = (k: Kept) => (k.folder ? `${k.folder}whole` : `/kept/file/${k.lesson}`)
export const poster = (k: Kept) => (k.folder ? `${k.folder}poster` : `/kept/poster/${k.lesson}`)
const engines = '/kept/engine/'

function list<T>(key: string): T[] {
  try {
    const v: unknown = JSON.parse(recall(key) || '[]')
    return Array.isArray(v) ? v : []
  } catch {
    return []
  }
}

const save = (key: string, all: unknown[]) => keep(key, all.length ? JSON.stringify(all) : '')
const others = <T extends { lesson: string }>(all: T[], lesson: string) =>
  all.filter(o => o.lesson !== lesson)

export const storedLessons = () => list<Kept>('shelf')
export const keepings = () => list<Keeping>('keeping')
export const kept = (lesson: string) => storedLessons().find(k => k.lesson === lesson)
export const pending = (lesson: string) => keepings().find(k => k.lesson === lesson)

/** Puts a lesson in the offline store or replaces it. */
export const put = (k: Kept) => save('shelf', [k, ...others(storedLessons(), k.lesson)])

/** Changes a lesson where it stands in the offline store; one that is gone stays gone. */
export const change = (k: Kept) =>
  save(
    'shelf',
    storedLessons().map(o => (o.lesson === k.lesson ? k : o)),
  )

/** Notes a lesson as being kept; undefined: it is no longer. */
export const note = (lesson: string, k?: Keeping) =>
  save('keeping', [...others(keepings(), lesson), ...(k ? [k] : [])])

/** The names of all that is stored: browsers throw away what they need space for. */
export async function held(): Promise<Set<string>> {
  const keys = await (await caches.open(cacheName)).keys()
  return new Set(keys.map(r => new URL(r.url).pathname))
}

/** Whether all of a lesson in the offline store is still there. */
export function whole(k: Kept, names: Set<string>): boolean {
  if (!k.folder) return names.has(address(k))
  let n = 0
  for (const name of names) if (name.startsWith(k.folder)) n++
  return n >= (k.parts || 1) && (!k.engine || names.has(k.engine))
}

/** Deletes what is stored of a lesson, but for one folder, and engines that nobody needs. */
export async function sweep(lesson: string, but = '-'): Promise<void> {
  const cache = await caches.open(cacheName)
  const needed = new Set(storedLessons().map(k => k.engine))
  for (const name of await held()) {
    const its = name.startsWith(home(lesson)) && !name.startsWith(but)
    const old = [`/kept/file/${lesson}`, `/kept/poster/${lesson}`].includes(name) && name !== but
    const idle = name.startsWith(engines) && !needed.has(name) && !keepings().length
    if (its || old || idle) await cache.delete(name)
  }
}

/** Takes a lesson out of the offline store with its files. */
export async function remove(lesson: string): Promise<void> {
  save('shelf', others(storedLessons(), lesson))
  note(lesson)
  await sweep(lesson)
}

/** Gives up keeping a lesson; another copy of it that is whole stays. */
export async function giveUp(lesson: string): Promise<void> {
  const k = kept(lesson)
  const same = pending(lesson)?.folder === k?.folder
  note(lesson)
  if (!k || same) await remove(lesson)
  else await sweep(lesson, k.folder || address(k))
}

/** Free space in bytes; undefined where the browser does not say. */
export async function freeSpace(): Promise<number | undefined> {
  const e = await navigator.storage?.estimate?.()
  return e?.quota === undefined ? undefined : Math.max(0, e.quota - (e.usage || 0))
}

/** Runs that wait for the network; older ones than these many would be too late anyway. */
const maxRuns = 200

/** Remembers a run's newest state until it is delivered. */
export function store(r: Run): void {
  save('runs', [...list<Run>('runs').filter(o => o.run !== r.run), r].slice(-maxRuns))
}

let delivering = false
let notBefore = 0 // when the server asked not to be called before

/** Sends the server what was watched. What it has taken, or has refused for good, is forgotten. */
export async function deliver(): Promise<void> {
  const runs = list<Run>('runs')
  if (delivering || !runs.length || Date.now() < notBefore) return
  delivering = true
  const d = await deliverBatches(runs, batch => send('heartbeats', batch))
  // A state stored meanwhile is newer than the one sent: it stays.
  const answered = new Map([...d.answered].map(r => [r.run, r.sequence]))
  save(
    'runs',
    list<Run>('runs').filter(o => answered.get(o.run) !== o.sequence),
  )
  // The next opening tries again.
  if (d.retry) notBefore = Date.now() + d.retry * 1000
  delivering = false
}

/** The mark of the sign-in that this device has now; "": none. */
const signedIn = () => /(?:^|; )phien=([0-9a-f]+)/.exec(document.cookie)?.[1] || ''

/**
 * Drops the grants of persons who have signed out: from now on their kept
 * lessons are this device's. What they watched before is theirs.
 */
export function settle(): void {
  for (const k of storedLessons())
    if (k.holder && k.holder !== signedIn())
      change({ ...k, token: k.device || '', holder: '', device: '', granted: 0 })
}

/** Asks for a grant: viewing of a kept lesson counts under it for 30 days. */
export async function grant(lesson: string): Promise<{ status: number; package: string; grant?: Grant }> {
  const r = await send(`lessons/${lesson}/playback-sessions`, {
    offline: true,
    viewerToken: recall('viewer'),
    sentAt: new Date().toISOString(),
  })
  if (!r.ok) return { status: r.status, package: '' }
  const o = (await r.json()) as {
    token: string
    viewerToken: string
    packageId: string
    deviceToken?: string
    holder?: string
  }
  keep('viewer', o.viewerToken)
  return {
    status: r.status,
    package: o.packageId,
    grant: { token: o.token, device: o.deviceToken || '', holder: o.holder || '', granted: Date.now() },
  }
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
  const big = bytes >= 1e9
  const n = bytes / (big ? 1e9 : 1e6)
  const digits = { maximumFractionDigits: n < 10 ? 1 : 0 }
  return `${n.toLocaleString(document.documentElement.lang, digits)} ${big ? 'GB' : 'MB'}`
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
