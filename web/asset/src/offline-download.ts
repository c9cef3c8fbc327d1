// Brings a lesson onto the device, piece by piece: whatever has come stays, and
// a line that breaks or a page that is closed costs no more than a piece. Only
// when all is there does the lesson stand in the offline store. Fetched when a student
// begins to keep a lesson.
import { backoff } from './player/heartbeat-state'
import { cacheName, grant, held, type Keeping, kept, note, pending, put, sweep } from './player/offline-store'
import { given, pieces } from './player/pieces'
import { below, filesOf, oneRung } from './player/rung'

/** What the lesson's page says of it: where all its parts are. */
export interface Facts {
  package: string
  hls: string
  engine: string
  poster: string
  /** Plain files by name. */
  files: Record<string, string>
  chaptersFrom: string
  captions: { language: string; label: string; from: string }[]
  chapters: { at: number; clock: string; title: string }[]
  sheets: { id: string; name: string; about: string; sha256: string; from: string }[]
  sounds: { label: string; language: string }[]
}

/** One file of a kept lesson; a name that begins with "/" is shared by several lessons. */
interface Part {
  name: string
  from: string
  range?: [number, number]
  sha256?: string
  /** The lesson is whole without it. */
  optional?: boolean
}

/** What lies in a folder: read by the worker and by the offline page. */
export interface Index {
  facts: Facts
  parts: Part[]
  engine?: string
  /** The master playlist that names the one rung. */
  master?: string
  /** The parts that joined are one file to play, with their sizes once all are there. */
  whole: { type: string; names: string[]; sizes?: number[]; size?: number; etag?: string }
}

export type Outcome = 'whole' | 'stopped' | 'full' | 'replaced' | 'taken' | 'failed' | 'elsewhere'

/** A line or a server that is away: tried again. */
class Away extends Error {}
/** Keeping comes to an end. */
class End extends Error {
  constructor(readonly outcome: Outcome) {
    super(outcome)
  }
}

/** Without a byte for so long a request is given up, milliseconds. */
const patience = 30_000

const indexOf = (k: Keeping) => `${k.folder}index.json`

/** What the lesson's page says now; null: it is no longer public; undefined: it cannot be kept now. */
export async function look(lesson: string): Promise<Facts | null | undefined> {
  const r = await fetch(`/lessons/${lesson}`, { credentials: 'omit', cache: 'no-store' }).catch(() => {
    throw new Away('page')
  })
  if (r.status === 404 || r.status === 410) return null
  if (!r.ok) throw new Away(String(r.status))
  const page = new DOMParser().parseFromString(await r.text(), 'text/html')
  const box = page.querySelector<HTMLElement>('.keep')
  return box ? (JSON.parse(box.dataset.facts || '{}') as Facts) : undefined
}

/**
 * Keeps a lesson: what is there is not fetched again. tell hears what has come,
 * and whether it waits for the line. It resolves when there is no more to do.
 */
export async function load(
  k: Keeping,
  signal: AbortSignal,
  tell: (done: number, waiting: boolean) => void,
): Promise<Outcome> {
  // Two pages must not fetch the same twice: it is paid for by the megabyte.
  if (!navigator.locks) return insist(k, signal, tell)
  return (await navigator.locks.request(`keep-${k.lesson}`, { ifAvailable: true }, l =>
    l ? insist(k, signal, tell) : 'elsewhere',
  )) as Outcome
}

async function insist(
  k: Keeping,
  signal: AbortSignal,
  tell: (done: number, waiting: boolean) => void,
): Promise<Outcome> {
  let tries = 0
  let done = -1
  for (;;) {
    try {
      await run(k, signal, n => {
        done = n
        tries = 0
        tell(n, false)
      })
      return 'whole'
    } catch (e) {
      if (signal.aborted || !pending(k.lesson)) return 'stopped'
      if (e instanceof End) return e.outcome
      if ((e as Error).name === 'QuotaExceededError') return 'full'
      if (!(e instanceof Away)) return 'failed'
      tell(Math.max(0, done), true)
      await pause(backoff(tries++, Math.random()) * 1000, signal)
    }
  }
}

/** Waits so long, or until there is a line again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(ok => {
    const end = () => {
      clearTimeout(timer)
      removeEventListener('online', end)
      ok()
    }
    const timer = setTimeout(end, ms)
    addEventListener('online', end)
    signal.addEventListener('abort', end)
  })
}

async function run(k: Keeping, signal: AbortSignal, tell: (done: number) => void): Promise<void> {
  const cache = await caches.open(cacheName)
  if (!k.grant) {
    const g = await grant(k.lesson).catch(() => {
      throw new Away('grant')
    })
    if (g.status === 404 || g.status === 410) throw new End('taken')
    if (!g.grant) throw g.status >= 500 || g.status === 429 ? new Away('grant') : new End('failed')
    if (g.package !== k.package) throw new End('replaced')
    k.grant = g.grant
    note(k.lesson, k)
  }
  let index = (await (await cache.match(indexOf(k)))?.json()) as Index | undefined
  if (!index) {
    index = await plan(k, signal)
    await cache.put(indexOf(k), new Response(JSON.stringify(index)))
  }
  if (index.master) {
    const headers = { 'Content-Type': 'application/vnd.apple.mpegurl' }
    await cache.put(`${k.folder}master.m3u8`, new Response(index.master, { headers }))
  }
  const sizes = await measure(k, index)
  let done = 0
  for (const n of sizes.values()) done += n
  tell(done)
  for (const p of index.parts) {
    if (sizes.has(p.name)) continue
    const r = await fetchPart(k, p, index, signal, n => tell(done + n))
    if (!r) continue
    // Given up meanwhile, here or in another tab: nothing may be left behind.
    if (signal.aborted || !pending(k.lesson)) throw new End('stopped')
    await cache.put(place(k, p.name), r.answer)
    sizes.set(p.name, r.size)
    done += r.size
    note(k.lesson, { ...k, done })
    tell(done)
  }
  // The teacher may have put another recording in its place while this one came.
  const now = await look(k.lesson)
  if (now === null) throw new End('taken')
  if (now && now.package !== k.package) throw new End('replaced')
  index.whole.sizes = index.whole.names.map(n => sizes.get(n) || 0)
  await cache.put(indexOf(k), new Response(JSON.stringify(index)))
  await store(k, index, done)
}

const place = (k: Keeping, name: string) => (name.startsWith('/') ? name : k.folder + name)

/** The sizes of the parts that are there. */
async function measure(k: Keeping, index: Index): Promise<Map<string, number>> {
  const cache = await caches.open(cacheName)
  const names = await held()
  const sizes = new Map<string, number>()
  for (const p of index.parts) {
    if (!names.has(place(k, p.name))) continue
    const r = await cache.match(place(k, p.name))
    if (r) sizes.set(p.name, Number(r.headers.get('Content-Length')))
  }
  return sizes
}

/** The whole lesson takes the place of any other copy of it. */
async function store(k: Keeping, index: Index, bytes: number): Promise<void> {
  const names = await held()
  let parts = 0
  for (const n of names) if (n.startsWith(k.folder)) parts++
  const { lesson, title, about, choice, seconds, folder } = k
  const g = k.grant as NonNullable<Keeping['grant']>
  put({
    lesson,
    title,
    about,
    choice,
    seconds,
    folder,
    package: k.package,
    bytes,
    parts,
    engine: index.engine,
    ...g,
  })
  note(lesson)
  await sweep(lesson, folder)
}

/** Lists all that must come, the words before the pictures. */
async function plan(k: Keeping, signal: AbortSignal): Promise<Index> {
  const facts = await look(k.lesson)
  if (facts === null) throw new End('taken')
  if (!facts) throw new End('failed')
  if (facts.package !== k.package) throw new End('replaced')
  const parts: Part[] = []
  const optional = true
  if (facts.poster) parts.push({ name: 'poster', from: facts.poster, optional })
  if (facts.chaptersFrom) parts.push({ name: 'chapters.vtt', from: facts.chaptersFrom, optional })
  for (const c of facts.captions) parts.push({ name: `captions/${c.language}.vtt`, from: c.from, optional })
  for (const s of facts.sheets)
    parts.push({ name: `sheets/${s.id}`, from: s.from, sha256: s.sha256, optional })
  const file = facts.files[k.choice]
  if (file) {
    const { size, etag } = await sizeOf(file, signal)
    const names = pieces(size).map((range, n) => {
      parts.push({ name: `file/${n}`, from: file, range })
      return `file/${n}`
    })
    const type = k.choice === 'sound' ? 'audio/mp4' : 'video/mp4'
    return { facts, parts, whole: { type, names, size, etag } }
  }
  const engine = `/kept/engine/${facts.engine.split('/').pop()}`
  parts.push({ name: engine, from: facts.engine })
  const { names, master: only } = await rung(facts.hls, `${k.choice}.m3u8`, parts, signal)
  return { facts, parts, engine, master: only, whole: { type: 'video/mp4', names } }
}

/** Adds a rung's playlists and files to the parts; gives the files that joined are the rung, and its own master playlist. */
async function rung(master: string, name: string, parts: Part[], signal: AbortSignal) {
  const folder = master.slice(0, master.lastIndexOf('/') + 1)
  const text = async (from: string) => (await take(from, {}, signal)).blob.text()
  const one = oneRung(await text(master), name)
  let first: string[] | undefined
  for (const list of one.lists) {
    const words = await text(folder + list)
    const files = filesOf(words)
    if (!files.length || ![list, ...files].every(below)) throw new End('failed')
    for (const f of [list, ...files]) parts.push({ name: f, from: folder + f })
    first = first || files
  }
  if (!first) throw new End('replaced')
  return { names: first, master: one.text }
}

async function sizeOf(file: string, signal: AbortSignal): Promise<{ size: number; etag: string }> {
  const { r } = await take(file, { Range: 'bytes=0-0' }, signal)
  const size = given(r.headers.get('Content-Range'))?.[2]
  if (!size) throw new End('failed')
  return { size, etag: r.headers.get('ETag') || '' }
}

/** Fetches one part and checks that it is what was promised; undefined: it is gone and can be done without. */
async function fetchPart(
  k: Keeping,
  p: Part,
  index: Index,
  signal: AbortSignal,
  tell: (n: number) => void,
): Promise<{ answer: Response; size: number } | undefined> {
  const headers: Record<string, string> = {}
  if (p.range) {
    headers.Range = `bytes=${p.range[0]}-${p.range[1]}`
    if (index.whole.etag) headers['If-Range'] = index.whole.etag
  }
  const { r, blob } = await take(p.from, headers, signal, tell)
  if (r.status === 404 || r.status === 410) {
    const now = await look(k.lesson)
    if (now === null) throw new End('taken')
    if (now && now.package !== k.package) throw new End('replaced')
    if (p.optional) return
    throw new End('failed')
  }
  let size = Number(r.headers.get('Content-Length') || blob.size)
  if (p.range) {
    const got = given(r.headers.get('Content-Range'))
    // Another file than the one begun with.
    if (r.status !== 206 || got?.[0] !== p.range[0] || got[1] !== p.range[1] || got[2] !== index.whole.size)
      throw new End('replaced')
    size = p.range[1] - p.range[0] + 1
  } else if (r.headers.get('Content-Encoding')) {
    size = blob.size // the length was of the packed words
  }
  if (blob.size !== size || (p.sha256 && (await digest(blob)) !== p.sha256)) throw new Away('cut short')
  const type = r.headers.get('Content-Type') || 'application/octet-stream'
  const answer = new Response(blob, { headers: { 'Content-Type': type, 'Content-Length': String(size) } })
  return { answer, size }
}

async function digest(b: Blob): Promise<string> {
  const sum = await crypto.subtle.digest('SHA-256', await new Response(b).arrayBuffer())
  return Array.from(new Uint8Array(sum), n => n.toString(16).padStart(2, '0')).join('')
}

/** An answer with all its bytes; it is given up when none come any more. */
async function take(
  from: string,
  headers: Record<string, string>,
  signal: AbortSignal,
  tell: (n: number) => void = () => undefined,
): Promise<{ r: Response; blob: Blob }> {
  const own = new AbortController()
  const stop = () => own.abort()
  signal.addEventListener('abort', stop)
  let timer = setTimeout(stop, patience)
  try {
    // The engine may come from the browser's own store; media is stored once, here.
    const cache = from.startsWith('/assets/') ? 'default' : 'no-store'
    const r = await fetch(from, { headers, cache, credentials: 'omit', signal: own.signal })
    if (r.status >= 500 || r.status === 429) throw new Away(String(r.status))
    if (!r.ok && r.status !== 404 && r.status !== 410) throw new End('failed')
    const got: BlobPart[] = []
    const reader = r.body?.getReader()
    for (let n = 0; reader; ) {
      const next = await reader.read()
      if (next.done) return { r, blob: new Blob(got) }
      got.push(next.value as BlobPart)
      n += next.value.length
      tell(n)
      clearTimeout(timer)
      timer = setTimeout(stop, patience)
    }
    return { r, blob: await r.blob() }
  } catch (e) {
    throw e instanceof End ? e : new Away(String(e))
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

/** Whether a lesson in the offline store can be completed where it lies, or must be fetched again. */
export function again(lesson: string, facts?: Facts): Keeping | undefined {
  const k = kept(lesson)
  if (!k?.folder || (facts && facts.package !== k.package)) return
  const { title, about, choice, bytes, seconds, folder } = k
  const grant = { token: k.token, device: k.device, holder: k.holder, granted: k.granted }
  return { lesson, title, about, choice, bytes, seconds, folder, package: k.package, done: 0, grant }
}
