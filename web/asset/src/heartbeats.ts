// Reports what was really played: a playback session, and heartbeats that carry
// its state so far. Nothing here may disturb playing; whatever fails is tried
// again later with the newest state.
import { batches, deliver } from './player/delivery'
import { backoff, type Heartbeat, stale, Tracker } from './player/heartbeat-state'
import { keep, recall, type Stage } from './player/stage'

const api = '/api/v1/'
const stored = 'beats'
/** Beats of ended sessions that wait for the network; more are not worth a phone's storage. */
const maxWaiting = 20

interface Opened {
  token: string
  heartbeatSeconds: number
  viewerToken: string
}

export function start({ video, fact }: Stage): void {
  let tracker = new Tracker()
  let token = ''
  let opening = false
  let every = 10
  let tries = 0
  let notBefore = 0 // when the server asked not to be called before
  let lastSent = 0
  let lastPlayed = Date.now()
  let dayEnds = Number(fact('dayEnds')) || Number.POSITIVE_INFINITY
  let waiting = readWaiting()

  const now = () => performance.now()
  const state = () => tracker.beat(token, video.currentTime, video.playbackRate, new Date())
  const later = (seconds = 0) => {
    const wait = Math.max(seconds, backoff(tries++, Math.random()))
    if (seconds) notBefore = Date.now() + seconds * 1000
    lastSent = Date.now() + wait * 1000 - every * 1000
  }

  async function open(): Promise<void> {
    if (opening) return
    opening = true
    try {
      const r = await post(`lessons/${fact('lesson')}/playback-sessions`, {
        offline: false,
        viewerToken: recall('viewer'),
      })
      if (!r.ok) throw new Error(String(r.status))
      const o = (await r.json()) as Opened
      token = o.token
      every = o.heartbeatSeconds || every
      keep('viewer', o.viewerToken)
      tries = 0
    } catch {
      later()
    }
    opening = false
  }

  async function send(): Promise<void> {
    if (Date.now() < notBefore) return
    lastSent = Date.now()
    if (!token) return open()
    const mine = token
    const alone = !waiting.length
    const d = await deliverWaiting([...waiting, state()])
    // Refused: the session is over, or not ours any more.
    if (d.refused && alone && mine === token) renew(false)
  }

  /** Sends heartbeats; those of ended sessions wait until the server has answered them. */
  async function deliverWaiting(beats: Heartbeat[]) {
    const d = await deliver(beats, batch => post('heartbeats', batch))
    waiting = waiting.filter(b => !d.answered.has(b))
    keepWaiting(waiting)
    every = d.nextSeconds || every
    if (d.retry === undefined) tries = 0
    else later(d.retry)
    return d
  }

  /** A new session takes over; the old one's last state waits to be delivered. */
  function renew(deliver: boolean): void {
    const t = new Tracker()
    if (tracker.running) {
      tracker.stop(video.currentTime, video.playbackRate, now())
      t.start(video.currentTime, now())
    }
    if (deliver && token && tracker.seconds > 0) waiting = [...waiting, state()].slice(-maxWaiting)
    tracker = t
    token = ''
    if (Date.now() >= dayEnds) dayEnds += 86_400_000
    void open()
  }

  const playing = () => {
    if (stale(Date.now(), lastPlayed, dayEnds, tracker.played.length)) renew(true)
    lastPlayed = Date.now()
    tracker.start(video.currentTime, now())
    if (!token) void open()
  }
  const stopped = () => {
    if (!tracker.running) return
    tracker.stop(video.currentTime, video.playbackRate, now())
    if (tracker.seconds > 0) void send()
  }
  video.addEventListener('playing', playing)
  video.addEventListener('timeupdate', () => {
    if (!tracker.running || video.seeking) return
    tracker.tick(video.currentTime, video.playbackRate, now())
    lastPlayed = Date.now()
    if (stale(lastPlayed, lastPlayed, dayEnds, tracker.played.length)) renew(true)
    else if (Date.now() - lastSent >= every * 1000) void send()
  })
  // A seek: what lies between was not played.
  video.addEventListener('seeking', () => {
    if (tracker.running) tracker.start(video.currentTime, now())
  })
  video.addEventListener('seeked', () => {
    if (!video.paused) tracker.start(video.currentTime, now())
  })
  video.addEventListener('pause', stopped)
  video.addEventListener('ended', stopped)
  video.addEventListener('waiting', () => tracker.stop(video.currentTime, video.playbackRate, now()))
  video.addEventListener('ratechange', () => tracker.running && tracker.tick(video.currentTime, 2, now()))
  addEventListener('online', () => {
    if (waiting.length || tries) void send()
  })

  const leave = () => {
    if (tracker.running) tracker.tick(video.currentTime, video.playbackRate, now())
    if (!token || tracker.seconds === 0) return
    const beats = [...waiting, state()]
    // A beacon has no answer: heartbeats of ended sessions stay stored, and so
    // does everything that no beacon took. The next opening delivers them.
    const mute = !navigator.onLine || Date.now() < notBefore
    const lost = batches(beats).filter(
      b => mute || !navigator.sendBeacon(`${api}heartbeats`, JSON.stringify(b)),
    )
    keepWaiting(lost.length ? beats : waiting)
  }
  document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && leave())
  addEventListener('pagehide', leave)

  if (!video.paused) playing()
  if (waiting.length) void deliverWaiting(waiting)
}

function post(path: string, body: unknown): Promise<Response> {
  return fetch(api + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    credentials: 'same-origin',
  })
}

function readWaiting(): Heartbeat[] {
  try {
    const v: unknown = JSON.parse(recall(stored) || '[]')
    return Array.isArray(v) ? v.slice(-maxWaiting) : []
  } catch {
    return []
  }
}

function keepWaiting(beats: Heartbeat[]): void {
  keep(stored, beats.length ? JSON.stringify(beats.slice(-maxWaiting)) : '')
}
