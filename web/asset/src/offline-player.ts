// Plays a lesson from the offline store with what is written along with it, and follows
// the visit.
import type { Index } from './offline-download'
import { Tracker } from './player/heartbeat-state'
import { address, cacheName, deliver, type Kept, kept, poster, settle, store } from './player/offline-store'
import { type Engine, keep, recall, type Stage } from './player/stage'

interface HlsClass {
  new (config: object): Engine & { loadSource(url: string): void; attachMedia(v: HTMLVideoElement): void }
}

let leave = () => {}

/** Plays a kept lesson on the page's stage; broken is called when its files do not play. */
export async function play(stage: HTMLElement, k: Kept, along: string, broken: () => void): Promise<void> {
  leave()
  // Tracks and what hangs on them belong to one lesson: each gets elements of its own.
  const old = stage.querySelector('video') as HTMLVideoElement
  const video = old.cloneNode(false) as HTMLVideoElement
  old.replaceWith(video)
  for (const e of all(stage, '.player-tools, .transcript')) e.replaceWith(e.cloneNode(true))
  stage.hidden = false
  ;(stage.querySelector('.kept-now') as HTMLElement).textContent = k.title
  video.poster = poster(k)
  const index = k.folder ? await indexOf(k) : undefined
  if (index) dress(stage, video, k, index)
  leave = follow(video, k)
  const at = Number(recall(`at-${k.lesson}`)) || 0
  if (at) video.addEventListener('loadedmetadata', () => (video.currentTime = at), { once: true })
  stage.scrollIntoView({ block: 'start' })
  const failed = () => {
    stage.hidden = true
    leave()
    broken()
  }
  try {
    await source(stage, video, k, failed)
  } catch {
    return failed()
  }
  if (index?.facts.captions.length)
    import(along)
      .then((m: { start(s: Stage): void }) =>
        m.start({ root: stage, video, fact: () => '' } as unknown as Stage),
      )
      .catch(() => undefined)
  video.play().catch(() => undefined)
}

async function indexOf(k: Kept): Promise<Index | undefined> {
  const r = await (await caches.open(cacheName)).match(`${k.folder}index.json`)
  return r?.json()
}

/** Gives the element its source: the engine's, the browser's own, or the joined file. */
async function source(
  stage: HTMLElement,
  video: HTMLVideoElement,
  k: Kept,
  failed: () => void,
): Promise<void> {
  const master = `${k.folder}master.m3u8`
  const joined = () => {
    video.onerror = failed
    video.src = address(k)
  }
  if (!k.engine) return joined()
  if ('MediaSource' in window || 'ManagedMediaSource' in window) {
    const { default: Hls } = (await import(k.engine)) as { default: HlsClass }
    const hls = new Hls({ enableWorker: false, startPosition: 0, maxBufferLength: 30, backBufferLength: 60 })
    const left = leave
    leave = () => {
      left()
      hls.destroy()
    }
    hls.on('hlsError', (_, f: { fatal: boolean }) => f.fatal && failed())
    speak(stage, n => {
      hls.audioTrack = n
    })
    hls.loadSource(master)
    hls.attachMedia(video)
    return
  }
  // Some phones' own players do not ask the worker for playlists: then the
  // segments joined, which are one file.
  if (!video.canPlayType('application/vnd.apple.mpegurl')) return joined()
  video.onerror = () => {
    joined()
    video.play().catch(() => undefined)
  }
  video.src = master
}

const all = <E extends HTMLElement>(stage: HTMLElement, what: string) =>
  Array.from(stage.querySelectorAll<E>(what))

function speak(stage: HTMLElement, choose: (n: number) => void): void {
  const select = stage.querySelector('[name=sound]') as HTMLSelectElement
  select.onchange = () => choose(Number(select.value))
}

/** Shows captions, chapters, words and worksheets of the lesson. */
function dress(stage: HTMLElement, video: HTMLVideoElement, k: Kept, { facts }: Index): void {
  const make = <K extends keyof HTMLElementTagNameMap>(tag: K, text = ''): HTMLElementTagNameMap[K] => {
    const e = document.createElement(tag)
    e.textContent = text
    return e
  }
  const choices = (name: string, options: [string, string][]) => {
    const select = stage.querySelector(`[name=${name}]`) as HTMLSelectElement
    select.replaceChildren(...options.map(([value, label]) => new Option(label, value)))
    return select
  }
  const captions = choices(
    'captions',
    facts.captions.map(c => [c.language, c.label]),
  )
  captions.prepend(new Option(captions.dataset.off || '', ''))
  captions.value = ''
  for (const e of all(stage, '.kept-captions')) e.hidden = !facts.captions.length
  for (const c of facts.captions) {
    const t = make('track')
    t.kind = 'captions'
    t.src = `${k.folder}captions/${c.language}.vtt`
    t.srclang = c.language
    t.label = c.label
    video.append(t)
  }
  if (facts.chaptersFrom) {
    const t = make('track')
    t.kind = 'chapters'
    t.src = `${k.folder}chapters.vtt`
    video.append(t)
  }
  // A plain file speaks the first language only.
  choices(
    'sound',
    facts.sounds.map((s, n) => [String(n), s.label]),
  )
  for (const e of all(stage, '.kept-sounds')) e.hidden = !k.engine || facts.sounds.length < 2
  const chapters = stage.querySelector('.chapters') as HTMLElement
  chapters.hidden = !facts.chapters.length
  ;(chapters.querySelector('ol') as HTMLElement).replaceChildren(
    ...facts.chapters.map(c => {
      const li = make('li')
      const a = make('a')
      const moment = make('span', c.clock)
      moment.className = 'moment'
      a.href = `#t=${c.at}`
      a.append(moment, ' ', make('span', c.title))
      li.append(a)
      return li
    }),
  )
  const words = stage.querySelector('.transcript') as HTMLDetailsElement
  words.hidden = !facts.captions.length
  words.open = false
  words.querySelector('ol')?.replaceChildren()
  const sheets = stage.querySelector('.kept-sheets') as HTMLElement
  sheets.hidden = !facts.sheets.length
  ;(sheets.querySelector('ul') as HTMLElement).replaceChildren(
    ...facts.sheets.map(s => {
      const li = make('li')
      const b = make('button', s.name)
      b.type = 'button'
      b.onclick = () => void hand(`${k.folder}sheets/${s.id}`, s.name)
      const about = make('span', s.about)
      about.className = 'small'
      li.append(b, ' ', about)
      return li
    }),
  )
  // Moments of chapters and of the words.
  stage.onclick = e => {
    const link = (e.target as HTMLElement).closest<HTMLAnchorElement>('a[href^="#t="]')
    if (!link) return
    e.preventDefault()
    video.currentTime = Number(link.hash.slice(3)) || 0
    video.play().catch(() => undefined)
  }
}

/** Gives a worksheet to be saved; the browser's own downloads pass the worker by. */
async function hand(from: string, name: string): Promise<void> {
  const r = await (await caches.open(cacheName)).match(from)
  if (!r) return
  const a = document.createElement('a')
  a.href = URL.createObjectURL(await r.blob())
  a.download = name
  a.click()
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000)
}

/** Follows one visit; gives what ends it. */
function follow(video: HTMLVideoElement, lesson: Kept): () => void {
  let tracker = new Tracker()
  let token = ''
  let run = ''
  let startedAt = ''
  let saved = 0
  const now = () => performance.now()
  // Under whose grant it counts may change while it plays: a student signs out in
  // another tab. What comes then is another visit.
  const begin = () => {
    settle()
    const mine = kept(lesson.lesson)?.token || lesson.token
    if (mine === token) return
    const going = tracker.running
    tracker = new Tracker()
    token = mine
    startedAt = ''
    run = Array.from(crypto.getRandomValues(new Uint8Array(12)), b => b.toString(16).padStart(2, '0')).join(
      '',
    )
    if (going) tracker.start(video.currentTime, now())
  }
  const save = () => {
    if (tracker.seconds && token) {
      saved = Date.now()
      startedAt = startedAt || new Date(Date.now() - tracker.seconds * 1000).toISOString()
      store({ ...tracker.beat(token, video.currentTime, video.playbackRate, new Date()), run, startedAt })
    }
    begin()
  }
  const stopped = () => {
    tracker.stop(video.currentTime, video.playbackRate, now())
    save()
    if (navigator.onLine) void deliver()
  }
  const on: Record<string, () => void> = {
    playing() {
      begin()
      startedAt = startedAt || new Date().toISOString()
      tracker.start(video.currentTime, now())
    },
    timeupdate() {
      if (!tracker.running || video.seeking) return
      tracker.tick(video.currentTime, video.playbackRate, now())
      if (Math.abs(Date.now() - saved) < 4000) return
      save()
      const done = video.duration - video.currentTime < 15
      keep(`at-${lesson.lesson}`, video.currentTime > 15 && !done ? video.currentTime.toFixed(1) : '')
    },
    seeking: () => tracker.running && tracker.start(video.currentTime, now()),
    seeked: () => !video.paused && tracker.start(video.currentTime, now()),
    pause: stopped,
    ended: stopped,
  } as Record<string, () => void>
  for (const name in on) video.addEventListener(name, on[name] as () => void)
  const hide = () => document.visibilityState === 'hidden' && stopped()
  document.addEventListener('visibilitychange', hide)
  addEventListener('pagehide', stopped)
  return () => {
    stopped()
    video.pause()
    video.removeAttribute('src')
    for (const name in on) video.removeEventListener(name, on[name] as () => void)
    document.removeEventListener('visibilitychange', hide)
    removeEventListener('pagehide', stopped)
    leave = () => {}
  }
}
