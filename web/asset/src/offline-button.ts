// Keeps this lesson on the device: what each choice takes and how much space there
// is, the way to it, and the way back. The fetching itself is offline-download.ts.
import type { Facts, Outcome } from './offline-download'
import {
  able,
  deliver,
  fill,
  freeSpace,
  giveUp,
  held,
  home,
  type Keeping,
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

const box = document.querySelector<HTMLElement>('.keep')
if (box && able()) start(box)

function start(box: HTMLElement): void {
  const part = <E extends HTMLElement>(name: string) => box.querySelector<E>(`.keep-${name}`) as E
  const form = part<HTMLFormElement>('form')
  const bar = part<HTMLProgressElement>('bar')
  const words = box.dataset
  const lesson = words.lesson || ''
  const facts = JSON.parse(words.facts || '{}') as Facts
  let stop: AbortController | undefined
  box.hidden = false

  const say = (word: string, values?: Record<string, string>) => {
    part('status').textContent = word ? fill(words[word], values) : ''
  }
  const show = (...names: string[]) => {
    for (const n of ['form', 'bar', 'cancel', 'resume', 'reload', 'open', 'forget'])
      part(n).hidden = !names.includes(n)
  }
  const inputs = Array.from(form.querySelectorAll<HTMLInputElement>('input'))
  const engines = 'MediaSource' in window || 'ManagedMediaSource' in window
  const native = document.createElement('video').canPlayType('application/vnd.apple.mpegurl')
  for (const i of inputs)
    if (i.dataset.rung && !engines && !native) (i.closest('label') as HTMLElement).hidden = true

  /** How much space there is, shown before anything is fetched. */
  const offer = async () => {
    const free = await freeSpace()
    part('space').textContent = free === undefined ? '' : fill(words.space, { free: megabytes(free) })
    for (const i of inputs) {
      i.disabled = free !== undefined && Number(i.dataset.bytes) * 1.05 > free
      const tight = i.closest('label')?.querySelector<HTMLElement>('.keep-tight')
      if (tight) tight.hidden = !i.disabled
    }
    if (inputs.some(i => i.checked && i.disabled)) {
      const other = inputs.find(i => !i.disabled && !i.closest('label')?.hidden)
      if (other) other.checked = true
    }
    part<HTMLButtonElement>('button').disabled = inputs.every(i => i.disabled)
    if (inputs.every(i => i.disabled)) full(Number(inputs[0]?.dataset.bytes))
  }

  /** The device is full: what could be deleted for it. */
  const full = (need: number) => {
    const other = sacrifice(
      storedLessons().filter(k => k.lesson !== lesson),
      need,
    )
    if (other) say('fullfree', { title: other.title, size: megabytes(other.bytes) })
    else say('full')
  }

  const look = async () => {
    const p = pending(lesson)
    if (p) return fetchAll(p)
    const k = kept(lesson)
    if (!k) {
      show('form')
      return offer()
    }
    if (!whole(k, await held())) {
      // The browser needed the space: say so, and offer again.
      show('form', 'forget')
      say('evicted')
    } else if (k.package && k.package !== facts.package) {
      show('form', 'open', 'forget')
      say('newer')
    } else {
      show('open', 'forget')
      return say('kept', { size: megabytes(k.bytes) })
    }
    const before = inputs.find(i => i.value === k.choice)
    if (before) before.checked = true
    return offer()
  }

  async function fetchAll(k: Keeping): Promise<void> {
    if (stop) return
    stop = new AbortController()
    show('bar', 'cancel')
    const tell = (done: number, waiting: boolean) => {
      const size = Math.max(k.bytes, done)
      bar.value = size ? done / size : 0
      say(waiting ? 'waiting' : 'loading', { done: megabytes(done), size: megabytes(size) })
    }
    tell(k.done, !navigator.onLine)
    let outcome: Outcome = 'failed'
    try {
      await work()
      const { load } = (await import(words.keeping || '')) as typeof import('./offline-download')
      outcome = await load(k, stop.signal, tell)
    } catch {
      // No worker or no module: the line broke at the first step.
    }
    const stopped = stop.signal.aborted
    stop = undefined
    if (outcome === 'whole') return look()
    if (stopped || outcome === 'stopped' || outcome === 'taken' || outcome === 'replaced') {
      await giveUp(lesson)
      if (outcome === 'replaced' || outcome === 'taken') show('reload')
      else await look()
      return say(outcome === 'replaced' || outcome === 'taken' ? outcome : 'stopped')
    }
    // What has come stays: it can go on from here.
    show('bar', 'resume', 'cancel')
    if (outcome === 'full') full(Math.max(0, k.bytes - (pending(lesson)?.done || 0)))
    else say(outcome)
  }

  form.addEventListener('submit', async e => {
    e.preventDefault()
    const choice = inputs.find(i => i.checked && !i.disabled)
    if (stop || !choice) return
    // Asks not to be thrown away first when space is short.
    await navigator.storage?.persist?.()
    const k: Keeping = {
      lesson,
      title: words.title || '',
      about: words.about || '',
      choice: choice.value,
      bytes: Number(choice.dataset.bytes) || 0,
      seconds: Number(words.seconds) || 0,
      package: facts.package,
      folder: `${home(lesson)}${facts.package}-${choice.value}/`,
      done: 0,
    }
    note(lesson, k)
    await fetchAll(k)
  })
  part('cancel').onclick = async () => {
    if (stop) return stop.abort()
    await giveUp(lesson)
    await look()
    say('stopped')
  }
  part('resume').onclick = () => {
    const p = pending(lesson)
    if (p) void fetchAll(p)
  }
  part('forget').onclick = async () => {
    await remove(lesson)
    say('')
    await look()
  }
  settle()
  void look()
  void deliver()
}
