// Keeps this lesson on the device: how much room it takes and there is, the
// way to it, and the way back.
import {
  able,
  address,
  cacheName,
  deliver,
  fill,
  grant,
  megabytes,
  poster,
  put,
  remove,
  shelf,
  there,
  work,
} from './player/shelf'

const box = document.querySelector<HTMLElement>('.keep')
if (box && able()) start(box)

function start(box: HTMLElement): void {
  const part = <E extends HTMLElement>(name: string) => box.querySelector<E>(`.keep-${name}`) as E
  const form = part<HTMLFormElement>('form')
  const bar = part<HTMLProgressElement>('bar')
  const status = part('status')
  const cancel = part('cancel')
  const forget = part('forget')
  const open = part('open')
  const words = box.dataset
  const lesson = words.lesson || ''
  let stop: AbortController | undefined
  box.hidden = false

  const say = (word: string, values?: Record<string, string>) => {
    status.textContent = word ? fill(words[word], values) : ''
  }
  const show = (state: 'none' | 'loading' | 'kept') => {
    form.hidden = state !== 'none'
    bar.hidden = cancel.hidden = state !== 'loading'
    forget.hidden = open.hidden = state !== 'kept'
  }
  const chosen = () => form.querySelector<HTMLInputElement>('input:checked') as HTMLInputElement

  /** Free room in bytes; undefined where the browser does not say. */
  const room = async (): Promise<number | undefined> => {
    const e = await navigator.storage?.estimate?.()
    return e?.quota === undefined ? undefined : e.quota - (e.usage || 0)
  }
  const rooms = async () => {
    const free = await room()
    part('room').textContent = free === undefined ? '' : fill(words.room, { free: megabytes(free) })
  }

  const look = async () => {
    const k = shelf().find(k => k.lesson === lesson)
    if (!k) {
      show('none')
      return rooms()
    }
    if (await there(lesson)) {
      show('kept')
      return say('kept', { size: megabytes(k.bytes) })
    }
    // The browser needed the room: say so, and offer again.
    show('none')
    say('evicted')
    return rooms()
  }

  async function download(choice: HTMLInputElement): Promise<void> {
    const bytes = Number(choice.dataset.bytes) || 0
    const free = await room()
    if (free !== undefined && free < bytes * 1.1) return say('full')
    stop = new AbortController()
    show('loading')
    bar.value = 0
    say('loading', { done: megabytes(0), size: megabytes(bytes) })
    try {
      await navigator.storage?.persist?.()
      await work()
      const g = await grant(lesson)
      if (!g.token) throw new Error(String(g.status))
      const r = await fetch(choice.dataset.from || '', { signal: stop.signal })
      if (!r.ok || !r.body) throw new Error(String(r.status))
      const size = Number(r.headers.get('Content-Length')) || bytes
      let done = 0
      const counted = r.body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, out) {
            done += chunk.length
            bar.value = size ? done / size : 0
            say('loading', { done: megabytes(done), size: megabytes(size) })
            out.enqueue(chunk)
          },
        }),
      )
      const cache = await caches.open(cacheName)
      const type = choice.value === 'sound' ? 'audio/mp4' : 'video/mp4'
      await cache.put(address(lesson), new Response(counted, { headers: { 'Content-Type': type } }))
      if (words.poster) {
        const p = await fetch(words.poster)
        if (p.ok) await cache.put(poster(lesson), p)
      }
      put({
        lesson,
        title: words.title || '',
        about: words.about || '',
        choice: choice.value,
        bytes: done,
        seconds: Number(words.seconds) || 0,
        granted: Date.now(),
        token: g.token,
      })
      await look()
    } catch (e) {
      show('none')
      say(stop.signal.aborted ? 'stopped' : (e as Error).name === 'QuotaExceededError' ? 'full' : 'failed')
    }
    stop = undefined
  }

  form.addEventListener('submit', e => {
    e.preventDefault()
    if (!stop) void download(chosen())
  })
  cancel.onclick = () => stop?.abort()
  forget.onclick = async () => {
    await remove(lesson)
    say('')
    await look()
  }
  void look()
  void deliver()
}
