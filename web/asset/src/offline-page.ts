// The offline page: the lessons on this device and those on the way to it,
// played from it, with or without a network. What is watched is kept as a run
// and delivered when there is one.

import {
  able,
  change,
  deliver,
  fill,
  freeSpace,
  giveUp,
  grant,
  held,
  type Keeping,
  type Kept,
  keepings,
  kept,
  megabytes,
  note,
  pending,
  remove,
  settle,
  storedLessons,
  whole,
  work,
} from './player/offline-store'
import { sacrifice } from './player/pieces'
import { clock } from './player/stage'

const root = document.querySelector<HTMLElement>('.kept')
if (root) {
  if (able()) void start(root)
  else (root.querySelector('.kept-unable') as HTMLElement).hidden = false
}

async function start(root: HTMLElement): Promise<void> {
  const part = (name: string) => root.querySelector<HTMLElement>(`.kept-${name}`) as HTMLElement
  const words = root.dataset
  const stops = new Map<string, AbortController>()
  const said = new Map<string, string>()
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
  const loader = () => import(words.keeping || '') as Promise<typeof import('./offline-download')>

  const draw = async () => {
    const names = await held()
    const going = keepings()
    const all = storedLessons().filter(k => !going.some(g => g.lesson === k.lesson && g.folder === k.folder))
    part('empty').hidden = all.length + going.length > 0
    part('list').replaceChildren(...going.map(coming), ...all.map(k => card(k, whole(k, names))))
    const used = [...all, ...going].reduce((sum, k) => sum + ('done' in k ? k.done : k.bytes), 0)
    const free = await freeSpace()
    const safe = await navigator.storage?.persisted?.()
    part('space').textContent =
      free !== undefined && used
        ? `${fill(words.space, { used: megabytes(used), free: megabytes(free) })} ${safe ? '' : words.fragile}`
        : ''
  }

  function item(k: Kept | Keeping, id: string) {
    const li = (root.querySelector('template') as HTMLTemplateElement).content.cloneNode(
      true,
    ) as DocumentFragment
    const at = <E extends HTMLElement>(name: string) => li.querySelector<E>(`.offline-${name}`) as E
    const el = li.firstElementChild as HTMLElement
    el.id = id
    const as = words[k.choice] || fill(words.rung, { height: k.choice })
    at('title').textContent = k.title
    at('about').textContent = k.about
    at('size').textContent = `${clock(k.seconds)} · ${megabytes(k.bytes)} · ${as}`
    return { el, at }
  }

  function card(k: Kept, complete: boolean): HTMLElement {
    const { el, at } = item(k, `kept-${k.lesson}`)
    const again = at<HTMLAnchorElement>('again')
    at('gone').hidden = complete
    at('play').hidden = !complete
    // What an older build kept has no list of its parts.
    at('mend').hidden = complete || !k.folder
    again.hidden = k.replaced ? false : complete || !!k.folder
    again.href = `/lessons/${k.lesson}`
    at('forget').hidden = false
    if (k.replaced && complete) tell(at('state'), words.newer)
    at('play').onclick = () => void show(k)
    at('mend').onclick = async () => {
      const p = (await loader()).again(k.lesson)
      if (!p) return
      note(k.lesson, p)
      void bring(k.lesson)
    }
    at('forget').onclick = async () => {
      await remove(k.lesson)
      await draw()
    }
    return el
  }

  /** A lesson that is not whole yet. */
  function coming(k: Keeping): HTMLElement {
    const { el, at } = item(k, `coming-${k.lesson}`)
    const busy = stops.has(k.lesson)
    at('bar').hidden = at('cancel').hidden = false
    at('resume').hidden = busy
    progress(el, k, k.done, said.get(k.lesson) || (busy ? words.loading : words.stays))
    at('resume').onclick = () => void bring(k.lesson)
    at('cancel').onclick = async () => {
      stops.get(k.lesson)?.abort()
      await giveUp(k.lesson)
      await draw()
    }
    return el
  }

  const tell = (at: HTMLElement, sentence = '') => {
    at.hidden = !sentence
    at.textContent = sentence
  }
  function progress(el: Element | null, k: Keeping, done: number, sentence?: string): void {
    if (!el) return
    const size = Math.max(k.bytes, done)
    const bar = el.querySelector('.offline-bar') as HTMLProgressElement
    bar.value = size ? done / size : 0
    const state = el.querySelector('.offline-state') as HTMLElement
    tell(state, fill(sentence, { done: megabytes(done), size: megabytes(size) }))
  }

  /** Goes on with a lesson that is being kept. */
  async function bring(lesson: string): Promise<void> {
    const k = pending(lesson)
    if (!k || stops.has(lesson)) return
    const stop = new AbortController()
    stops.set(lesson, stop)
    said.delete(lesson)
    await draw()
    let outcome = 'failed'
    try {
      outcome = await (await loader()).load(k, stop.signal, (done, waiting) =>
        progress(
          document.getElementById(`coming-${lesson}`),
          k,
          done,
          waiting ? words.waiting : words.loading,
        ),
      )
    } catch {
      // No module: the line broke at the first step.
    }
    stops.delete(lesson)
    if (outcome === 'taken' || outcome === 'replaced') {
      await giveUp(lesson)
      announce(outcome === 'taken' ? words.taken : words.replaced, k)
    } else if (outcome === 'full') {
      const other = sacrifice(storedLessons(), k.bytes - k.done)
      const values = other && { title: other.title, size: megabytes(other.bytes) }
      said.set(lesson, fill(other ? words.fullfree : words.full, values))
    } else if (outcome !== 'whole') {
      said.set(lesson, words[outcome] || '')
    }
    await draw()
  }

  const announce = (sentence: string | undefined, k: { title: string }) => {
    part('taken').textContent = fill(sentence, { title: k.title })
    part('taken').hidden = false
  }

  async function show(k: Kept): Promise<void> {
    const { play } = (await import(words.showing || '')) as typeof import('./offline-player')
    await play(part('stage'), kept(k.lesson) || k, words.along || '', () => {
      announce(words.broken, k)
      void draw()
    })
  }

  /** New grants for those a day old; what was taken down leaves the offline store. */
  async function renew(): Promise<void> {
    // Somebody is signed in: what is watched from now on is theirs.
    const here = !!document.querySelector('form[action="/signout"]')
    for (const k of storedLessons()) {
      // A clock that was set back must not make a grant last.
      const age = Date.now() - k.granted
      const fresh = age >= 0 && age < 86_400_000 && k.holder !== undefined && !(here && !k.holder)
      if (fresh || k.replaced || !navigator.onLine) continue
      try {
        const g = await grant(k.lesson)
        if (g.grant && k.package && g.package !== k.package) {
          // The grant is for another recording: the old one goes under the old.
          change({ ...k, replaced: true })
          await draw()
        } else if (g.grant) {
          change({ ...k, ...g.grant, package: g.package })
        } else if (g.status === 404 || g.status === 410) {
          await remove(k.lesson)
          announce(words.taken, k)
          await draw()
        }
      } catch {
        return
      }
    }
  }

  settle()
  await draw()
  const wanted = document.getElementById(`kept-${location.hash.slice(1)}`)
  if (wanted && location.hash.length > 1) wanted.scrollIntoView()
  await deliver()
  await renew()
  // One after the other: they share one line.
  for (const k of keepings()) await bring(k.lesson)
}
