// The player's core: gives the browser's own player its source, keeps it going
// on a bad line, and remembers the place. Counting (viewing.ts) and comforts
// (extras.ts) are fetched beside it, so that neither delays or breaks playing.
import { clock, type Engine, keep, recall, type Stage, thrifty } from './player/parts'

interface Failure {
  type: string
  details: string
  fatal: boolean
}

interface HlsClass {
  new (
    config: object,
  ): Engine & {
    loadSource(url: string): void
    attachMedia(v: HTMLVideoElement): void
    startLoad(at?: number): void
    recoverMediaError(): void
  }
  isSupported(): boolean
}

const root = document.querySelector<HTMLElement>('.player')
const video = root?.querySelector('video')
if (root && video) run(root, video)

function run(root: HTMLElement, video: HTMLVideoElement): void {
  const fact = (name: string) => root.dataset[name] || ''
  const words = JSON.parse(fact('words') || '{}') as Record<string, string>
  const status = root.querySelector<HTMLElement>('.player-status')
  const cover = root.querySelector<HTMLButtonElement>('.player-cover')
  const place = `at-${fact('lesson')}`
  const resumeAt = Number(recall(place)) || 0
  const saver = thrifty()
  let ready: Promise<void> | undefined
  let said = ''
  let failing = false // the engine's last request failed

  const say = (word: string, value = ''): void => {
    if (!status || said === word + value) return
    said = word + value
    status.textContent = word ? (words[word] || '').replace('{value}', value) : ''
  }
  const trouble = () => say(navigator.onLine ? 'retrying' : 'offline')
  const stage: Stage = {
    root,
    video,
    fact,
    say,
    choice: saver ? 'saver' : recall('quality'),
    spoken: 0,
    rung: '',
    ensure: () => (ready = ready || source(resumeAt).catch(failed)),
    reload: () => undefined,
  }

  // Data-saver and sound alone are one plain file each, once they are made:
  // the browser plays them by itself, and no engine need be fetched.
  const plain = () =>
    stage.spoken
      ? '' // they speak the first language only
      : stage.choice === 'sound'
        ? fact('fileSound')
        : stage.choice === 'saver'
          ? fact('fileSaver')
          : ''
  // Sound alone is a playlist of its own: engines leave it out of the others.
  const address = () => plain() || (stage.choice === 'sound' && soundList()) || fact('hls')
  const soundList = () =>
    stage.spoken ? fact('sound').replace(/[a-z0-9]+(?=\.m3u8)/, stage.rung) : fact('sound')

  // The page's own source is for browsers without JavaScript: an engine's must
  // not begin beside it.
  const engines = 'MediaSource' in window || 'ManagedMediaSource' in window
  if (engines) for (const s of video.querySelectorAll('source')) s.remove()

  // Some browsers remember that a module did not load: ask by another name.
  let retry = ''

  const failed = (e: unknown): never => {
    ready = undefined
    retry = `?${Date.now()}`
    throw e
  }

  // From an engine to a plain file and back.
  const change = () => {
    const at = video.currentTime || resumeAt
    const playing = !video.paused
    stage.engine?.destroy()
    stage.engine = undefined
    ready = source(at).catch(failed)
    if (playing) ready.then(() => video.play()).catch(trouble)
  }

  async function source(at: number): Promise<void> {
    if (engines && !plain()) {
      const { default: Hls } = (await import(fact('engine') + retry)) as { default: HlsClass }
      if (Hls.isSupported()) return attach(Hls, at)
    }
    stage.reload = change
    const seek = () => {
      if (at) video.currentTime = at
    }
    video.addEventListener('loadedmetadata', seek, { once: true })
    video.src = address()
  }
  // An engine mends its own source's faults. A plain file was decoded whole
  // when it was made: what is said to be no file is a line that is gone.
  video.addEventListener('error', () => {
    const code = video.error?.code
    if (stage.engine || !code) return
    if (
      code !== MediaError.MEDIA_ERR_NETWORK &&
      (code !== MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED || !plain())
    )
      return say('broken')
    trouble()
    setTimeout(() => stage.engine || change(), 4000)
  })

  function attach(Hls: HlsClass, at: number): void {
    const hls = new Hls({
      enableWorker: false, // a worker would need blob: in the page's policy
      autoStartLoad: false,
      startPosition: at || 0, // 0: a growing lesson would start at its end
      capLevelToPlayerSize: true,
      maxDevicePixelRatio: 1.5, // a phone's dots are finer than a pupil's eyes, and each costs
      abrEwmaDefaultEstimate: Number(recall('bits')) || 400_000,
      maxBufferLength: 60, // outlasts a line that is gone for half a minute
      maxMaxBufferLength: 120,
      backBufferLength: 60,
    })
    let tries = 0
    let mended = 0
    hls.on('hlsError', (_, data) => {
      const f = data as Failure
      failing = failing || f.type === 'networkError'
      if (failing && video.readyState < 3) trouble()
      if (!f.fatal) return
      if (f.type === 'mediaError' && mended++ < 3) {
        hls.recoverMediaError()
      } else if (f.type === 'networkError') {
        trouble()
        // The engine has tried by itself by now: go on, ever more slowly.
        setTimeout(again, Math.min(30, 2 ** tries++) * 1000)
      } else {
        say('broken')
      }
    })
    const again = () => {
      if (stage.engine !== hls) return // a plain file plays meanwhile
      if (hls.levels.length) hls.startLoad(video.currentTime)
      else hls.loadSource(address())
    }
    addEventListener('online', () => {
      if (tries) again()
    })
    hls.on('hlsFragBuffered', () => {
      tries = 0
      failing = false
      if (said === 'offline' || said === 'retrying') say('')
    })
    stage.engine = hls
    let begun = false
    let from = 0
    stage.reload = () => {
      if (plain()) return change()
      from = video.currentTime
      if (!video.paused) video.addEventListener('canplay', () => void video.play(), { once: true })
      hls.loadSource(address())
    }
    hls.on('hlsAudioTracksUpdated', () => stage.speak?.())
    hls.on('hlsManifestParsed', () => begun && hls.startLoad(from || video.currentTime || at))
    hls.loadSource(address())
    hls.attachMedia(video)
    const begin = () => {
      if (begun || stage.engine !== hls) return
      begun = true
      if (hls.levels.length) hls.startLoad(at)
    }
    if (video.paused) video.addEventListener('play', begin)
    else begin()
  }

  // The cover starts the lesson before the engine has come.
  if (cover) {
    cover.hidden = false
    cover.onclick = () => {
      say('loading')
      video.focus()
      stage.ensure().then(
        // Refused when the tap is too long ago: the next one plays at once.
        () => video.play().catch(() => (cover.hidden = !video.paused)),
        () => {
          trouble()
          setTimeout(() => cover.hidden || cover.click(), 4000)
        },
      )
    }
  }
  video.addEventListener('play', () => {
    if (cover) cover.hidden = true
    stage.ensure().catch(trouble)
  })
  video.addEventListener('playing', () => {
    const resumed = resumeAt && Math.abs(video.currentTime - resumeAt) < 3
    say(resumed ? 'resumed' : '', resumed ? clock(resumeAt) : '')
    if (resumed) setTimeout(() => said.startsWith('resumed') && say(''), 8000)
  })
  video.addEventListener('waiting', () => {
    const edge = fact('growing') && video.duration - video.currentTime < 3
    if (edge) say('edge')
    else if (failing || !navigator.onLine) trouble()
    else say('waiting')
  })
  addEventListener('offline', () => !video.paused && say('offline'))

  let kept = 0
  const remember = () => {
    const done = video.duration - video.currentTime < 15
    keep(place, video.currentTime > 15 && !done ? video.currentTime.toFixed(1) : '')
  }
  video.addEventListener('timeupdate', () => {
    if (Math.abs(video.currentTime - kept) > 5) {
      kept = video.currentTime
      remember()
    }
  })
  video.addEventListener('pause', () => {
    remember()
    // The next lesson starts with what this line can carry.
    const bits = stage.engine?.bandwidthEstimate
    if (bits && bits > 0) keep('bits', bits.toFixed(0))
  })

  for (const part of ['viewing', 'extras']) {
    import(fact(part)).then((m: { start(s: Stage): void }) => m.start(stage)).catch(() => undefined)
  }
  // The engine comes while the pupil reads; never on a line that must be spared.
  const idle = window.requestIdleCallback || ((fn: () => void) => setTimeout(fn, 1500))
  if (!saver) addEventListener('load', () => idle(() => stage.ensure().catch(() => undefined)))
}
