// The shelf's page: the lessons on this device, played from it, with or without
// a network. What is watched is kept as a run and delivered when there is one.
import { Tracker } from './player/heartbeat-state'
import { clock, keep, recall } from './player/parts'
import {
  able,
  address,
  deliver,
  fill,
  grant,
  type Kept,
  megabytes,
  poster,
  put,
  remove,
  shelf,
  store,
  there,
  work,
} from './player/shelf'

const root = document.querySelector<HTMLElement>('.kept')
if (root) {
  if (able()) void start(root)
  else (root.querySelector('.kept-unable') as HTMLElement).hidden = false
}

async function start(root: HTMLElement): Promise<void> {
  const part = (name: string) => root.querySelector<HTMLElement>(`.kept-${name}`) as HTMLElement
  const words = root.dataset
  const away = () => {
    part('away').hidden = navigator.onLine
  }
  addEventListener('online', () => {
    away()
    void deliver().then(renew)
  })
  addEventListener('offline', away)
  away()
  work().catch(() => undefined)

  const draw = async () => {
    const all = shelf()
    part('empty').hidden = all.length > 0
    const list = part('list')
    const items: HTMLElement[] = []
    for (const k of all) items.push(card(k, await there(k.lesson)))
    list.replaceChildren(...items)
    const e = await navigator.storage?.estimate?.()
    const used = all.reduce((sum, k) => sum + k.bytes, 0)
    part('room').textContent =
      e?.quota && all.length
        ? fill(words.room, { used: megabytes(used), free: megabytes(e.quota - (e.usage || 0)) })
        : ''
  }

  function card(k: Kept, whole: boolean): HTMLElement {
    const li = (root.querySelector('template') as HTMLTemplateElement).content.cloneNode(
      true,
    ) as DocumentFragment
    const at = <E extends HTMLElement>(name: string) => li.querySelector<E>(`.shelf-${name}`) as E
    const item = li.firstElementChild as HTMLElement
    item.id = `kept-${k.lesson}`
    at('title').textContent = k.title
    at('about').textContent = k.about
    at('size').textContent = `${clock(k.seconds)} · ${megabytes(k.bytes)} · ${words[k.choice] || ''}`
    at('gone').hidden = whole
    at('play').hidden = !whole
    const again = at<HTMLAnchorElement>('again')
    again.hidden = whole
    again.href = `/lessons/${k.lesson}`
    at('play').onclick = () => play(k)
    at('forget').onclick = async () => {
      await remove(k.lesson)
      await draw()
    }
    return item
  }

  const video = root.querySelector('video') as HTMLVideoElement
  let leave = () => {}
  function play(k: Kept): void {
    leave()
    part('stage').hidden = false
    part('now').textContent = k.title
    video.poster = poster(k.lesson)
    video.src = address(k.lesson)
    leave = follow(k)
    const at = Number(recall(`at-${k.lesson}`)) || 0
    if (at) video.addEventListener('loadedmetadata', () => (video.currentTime = at), { once: true })
    video.onerror = () => {
      part('stage').hidden = true
      void draw()
    }
    part('stage').scrollIntoView({ block: 'start' })
    video.play().catch(() => undefined)
  }

  /** Follows one visit; gives what ends it. */
  function follow(k: Kept): () => void {
    const tracker = new Tracker()
    const run = Array.from(crypto.getRandomValues(new Uint8Array(12)), b =>
      b.toString(16).padStart(2, '0'),
    ).join('')
    let startedAt = ''
    let saved = 0
    const now = () => performance.now()
    const save = () => {
      if (!tracker.seconds) return
      saved = Date.now()
      store({ ...tracker.beat(k.token, video.currentTime, video.playbackRate, new Date()), run, startedAt })
    }
    const stopped = () => {
      tracker.stop(video.currentTime, video.playbackRate, now())
      save()
      if (navigator.onLine) void deliver()
    }
    const on: Record<string, () => void> = {
      playing() {
        startedAt = startedAt || new Date().toISOString()
        tracker.start(video.currentTime, now())
      },
      timeupdate() {
        if (!tracker.running || video.seeking) return
        tracker.tick(video.currentTime, video.playbackRate, now())
        if (Date.now() - saved < 4000) return
        save()
        const done = video.duration - video.currentTime < 15
        keep(`at-${k.lesson}`, video.currentTime > 15 && !done ? video.currentTime.toFixed(1) : '')
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
      for (const name in on) video.removeEventListener(name, on[name] as () => void)
      document.removeEventListener('visibilitychange', hide)
      removeEventListener('pagehide', stopped)
    }
  }

  /** New grants for those a day old; what was taken down leaves the shelf. */
  async function renew(): Promise<void> {
    for (const k of shelf()) {
      if (Date.now() - k.granted < 86_400_000 || !navigator.onLine) continue
      try {
        const g = await grant(k.lesson)
        if (g.token) {
          put({ ...k, token: g.token, granted: Date.now() })
        } else if (g.status === 404 || g.status === 410) {
          await remove(k.lesson)
          part('taken').textContent = fill(words.taken, { title: k.title })
          part('taken').hidden = false
          await draw()
        }
      } catch {
        return
      }
    }
  }

  await draw()
  const wanted = shelf().find(k => k.lesson === location.hash.slice(1))
  if (wanted && (await there(wanted.lesson)))
    document.getElementById(`kept-${wanted.lesson}`)?.scrollIntoView()
  await deliver()
  await renew()
}
