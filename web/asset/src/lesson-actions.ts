// What stands around the player: where to go on, on any device when signed in;
// what comes next; handing the lesson on. Stands before the player's own script
// in the page, so that the player begins where the person stopped.
import { clock, keep, recall } from './player/stage'

/** A place goes to the server this often at most, ms. */
const every = 15_000
/** Lessons whose place this device tells the home page of. */
const remembered = 30

type Seen = Record<string, [at: number, of: number]>

const box = document.querySelector<HTMLElement>('.go-on')
const video = document.querySelector<HTMLVideoElement>('.player video')
if (box && video) goOn(box, video)
const card = document.querySelector<HTMLElement>('.share-card')
if (card) share(card)

function goOn(box: HTMLElement, video: HTMLVideoElement): void {
  const lesson = box.dataset.lesson || ''
  const signed = box.dataset.signed
  const length = Number(box.dataset.duration)
  const place = `at-${lesson}`
  // What was watched elsewhere goes before what this device remembers.
  if (Number(signed) > 0) keep(place, signed || '')
  const at = Number(recall(place)) || 0
  const link = box.querySelector('a')
  const words = box.querySelector('span')
  if (at > 0 && !location.hash && link && words) {
    link.href = `#t=${at}`
    words.textContent = (box.dataset.words || '').replace('{at}', clock(at))
    box.hidden = false
  }

  let now = 0
  let seen = 0 // when the person was there, by this device's clock
  let told = -1
  let sent = 0
  const tell = (soon: boolean) => {
    const time = Date.now()
    if (Math.abs(now - told) < 1 || (!soon && time - sent < every)) return
    sent = time
    if (signed === undefined) {
      told = now
      return remember()
    }
    const was = now
    fetch(`/api/v1/lessons/${lesson}/bookmark`, {
      method: 'PUT',
      keepalive: true,
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        position: now,
        seenAt: new Date(seen).toISOString(),
        sentAt: new Date(time).toISOString(),
      }),
    }).then(
      r => {
        if (r.status < 500 && r.status !== 429) told = was
      },
      () => undefined, // the next one, or the line's return, tells it
    )
  }
  const remember = () => {
    let all: Seen = {}
    try {
      all = JSON.parse(recall('seen') || '{}') as Seen
    } catch {
      // What is not ours is written over.
    }
    delete all[lesson]
    const entries = Object.entries(all).slice(1 - remembered)
    keep('seen', JSON.stringify(Object.fromEntries([...entries, [lesson, [Math.round(now), length]]])))
  }
  const note = () => {
    now = Math.min(video.currentTime, length || video.currentTime)
    seen = Date.now()
  }
  video.addEventListener('timeupdate', () => {
    if (video.paused || video.seeking) return
    note()
    tell(false)
  })
  video.addEventListener('pause', () => tell(true))
  document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && tell(true))
  addEventListener('pagehide', () => tell(true))
  addEventListener('online', () => tell(true))

  const end = document.querySelector<HTMLElement>('.at-end')
  video.addEventListener('playing', () => {
    box.hidden = true
    if (end) end.hidden = true
  })
  video.addEventListener('ended', () => {
    note()
    tell(true)
    if (!end) return
    end.hidden = false
    const says = end.querySelector('p')
    if (says) says.textContent = end.dataset.words || ''
  })
}

function share(card: HTMLElement): void {
  const part = <E extends HTMLElement>(s: string) => card.querySelector<E>(s)
  const link = part<HTMLInputElement>('input[type=url]')
  const copy = part<HTMLButtonElement>('.share-copy')
  const send = part<HTMLButtonElement>('.share-send')
  const print = part<HTMLButtonElement>('.share-print')
  const status = part('.share-status')
  const moment = part('.share-moment')
  if (!link || !copy || !send || !print || !status || !moment) return
  const whole = link.value
  const tick = moment.querySelector('input')
  const label = moment.querySelector('span')
  let at = 0
  card.parentElement?.addEventListener('toggle', () => {
    at = Math.floor(video?.currentTime || 0)
    moment.hidden = at < 5
    if (label) label.textContent = (label.dataset.words || '').replace('{at}', clock(at))
    address()
  })
  const address = () => {
    link.value = tick?.checked && !moment.hidden ? `${whole}#t=${at}` : whole
  }
  tick?.addEventListener('change', address)
  link.addEventListener('focus', () => link.select())
  const say = (word: 'copied' | 'byHand') => {
    status.textContent = card.dataset[word] || ''
  }
  copy.hidden = false
  copy.onclick = () => {
    link.select()
    const old = () => say(document.execCommand('copy') ? 'copied' : 'byHand')
    if (navigator.clipboard) navigator.clipboard.writeText(link.value).then(() => say('copied'), old)
    else old()
  }
  if (typeof navigator.share === 'function') {
    send.hidden = false
    send.onclick = () =>
      void navigator.share({ title: send.dataset.title, url: link.value }).catch(() => undefined)
  }
  print.hidden = false
  print.onclick = () => window.print()
}
