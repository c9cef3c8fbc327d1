// The player's core: gives the browser's own player its source, keeps it going
// on a bad line, and remembers the place. Counting (heartbeats.ts) and comforts
// (extras.ts) are fetched beside it, so that neither delays or breaks playing.
import { delay, final, patient } from './player/connection'
import { plainFile, address as sourceOf } from './player/source'
import { clock, type Engine, keep, recall, type Stage, thrifty } from './player/stage'
import { StallWatch } from './player/stall'

interface Failure {
  type: string
  fatal: boolean
  response?: { code: number }
  errorAction?: { retryCount?: number; retryConfig?: { retryDelayMs: number; maxRetryDelayMs: number } }
}

interface HlsClass {
  new (
    config: object,
  ): Engine & {
    loadSource(url: string): void
    attachMedia(v: HTMLVideoElement): void
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
  const status = root.querySelector<HTMLElement>('.player-status [role]')
  const count = root.querySelector<HTMLElement>('.player-count')
  const cover = root.querySelector<HTMLButtonElement>('.player-cover')
  const place = `at-${fact('lesson')}`
  const resumeAt = Number(recall(place)) || 0
  const saver = thrifty()
  let ready: Promise<void> | undefined
  let said = ''
  let at = resumeAt // where the lesson stands while there is no source
  let failing = false // the last request failed
  let tries = 0
  let timer = 0 // of the next try
  let open = 0 // requests of the engine under way
  let wanted = false // the student lets it play

  const fill = (word: string, value: string) => (words[word] || '').replace('{value}', value)
  const say = (word: string, value = ''): void => {
    if (count) count.textContent = ''
    if (!status || said === word + value) return
    said = word + value
    status.textContent = fill(word, value)
  }
  // Says that the line is gone, and what the student still has of the lesson.
  const trouble = (left = 0) => {
    const on = video.readyState > 2 && !video.paused
    say(on ? 'ahead' : navigator.onLine ? 'retrying' : 'offline')
    if (count && left > 0) count.textContent = fill('again', String(left))
  }
  // Counts down to the next try. The numbers are not read out: only that it waits.
  const wait = (seconds: number, act?: () => void) => {
    clearInterval(timer)
    failing = true
    const end = Date.now() + seconds * 1000
    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1000)
      trouble(left)
      if (left > 0) return
      clearInterval(timer)
      timer = 0
      act?.()
    }
    timer = setInterval(tick, 500) as unknown as number
    tick()
  }
  const well = () => {
    if (!failing) return
    clearInterval(timer)
    failing = false
    timer = tries = 0
    brief('continuing', '', 4000)
  }
  const brief = (word: string, value: string, ms: number) => {
    say(word, value)
    setTimeout(() => said === word + value && say(''), ms)
  }

  const stage: Stage = {
    root,
    video,
    fact,
    say,
    choice: saver ? 'saver' : recall('quality'),
    spoken: 0,
    rung: '',
    bytes: 0,
    held: '',
    at: () => video.currentTime || at,
    ensure: () => (ready = ready || source().catch(failed)),
    reload: () => undefined,
    // What has come stays in an engine's hands; a file goes on coming while it is there at all.
    hold(why) {
      at = stage.at()
      stage.held = why
      const hls = stage.engine
      if (!why) return hls && restart()
      wanted = false
      video.pause()
      clearInterval(timer)
      timer = 0
      if (hls) return hls.stopLoad()
      ready = undefined
      video.removeAttribute('src')
      video.load()
    },
  }

  const engines = 'MediaSource' in window || 'ManagedMediaSource' in window
  const wish = () => ({ choice: stage.choice, spoken: stage.spoken, rung: stage.rung, engines, fact })
  const plain = () => plainFile(wish())
  const address = () => sourceOf(wish())

  // The page's own source is for browsers without JavaScript: an engine's must
  // not begin beside it.
  if (engines) for (const s of video.querySelectorAll('source')) s.remove()

  // Some browsers remember that a module did not load: ask by another name.
  let retry = ''

  const failed = (e: unknown): never => {
    ready = undefined
    retry = `?${Date.now()}`
    throw e
  }
  const later = (act: () => void) => wait(delay(tries++, Math.random()), act)

  // From an engine to a plain file and back, or the same file once more.
  const change = () => {
    if (stage.held) return
    at = stage.at()
    stage.engine?.destroy()
    stage.engine = undefined
    ready = source().catch(failed)
    if (wanted) ready.then(() => video.play()).catch(() => later(change))
  }

  async function source(): Promise<void> {
    if (engines && !plain()) {
      const { default: Hls } = (await import(fact('engine') + retry)) as { default: HlsClass }
      if (Hls.isSupported()) return attach(Hls)
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
    if (stage.engine || !code || stage.held) return
    at = stage.at()
    if (
      code !== MediaError.MEDIA_ERR_NETWORK &&
      (code !== MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED || !plain())
    )
      return say('broken')
    later(() => stage.engine || change())
  })

  function attach(Hls: HlsClass): void {
    const rules = patient(Math.random())
    const hls = new Hls({
      enableWorker: false, // a worker would need blob: in the page's policy
      autoStartLoad: false,
      startPosition: at || 0, // 0: a growing lesson would start at its end
      capLevelToPlayerSize: true,
      maxDevicePixelRatio: 1.5, // a phone's dots are finer than a student's eyes, and each costs
      abrEwmaDefaultEstimate: Number(recall('bits')) || 400_000,
      maxBufferLength: 60, // outlasts a line that is gone for half a minute
      maxMaxBufferLength: 120,
      backBufferLength: 60,
      fragLoadPolicy: rules,
      playlistLoadPolicy: rules,
      manifestLoadPolicy: { default: { maxTimeToFirstByteMs: 10_000, maxLoadTimeMs: 20_000 } },
      // What was paid for, whatever becomes of it.
      xhrSetup(xhr: XMLHttpRequest) {
        let had = 0
        xhr.addEventListener('progress', e => {
          stage.bytes += e.loaded - had
          had = e.loaded
        })
        xhr.addEventListener('loadstart', () => open++)
        xhr.addEventListener('loadend', () => open--)
      },
    })
    let mended = 0
    hls.on('hlsError', (_, data) => {
      const f = data as Failure
      const r = f.errorAction?.retryConfig
      if (f.type === 'networkError') {
        if (final(f.response?.code || 0)) say('gone')
        else if (f.fatal) later(again)
        else if (r)
          wait(Math.min(2 ** (f.errorAction?.retryCount || 0) * r.retryDelayMs, r.maxRetryDelayMs) / 1000)
      } else if (!f.fatal) return
      else if (f.type === 'mediaError' && mended++ < 3) hls.recoverMediaError()
      else say('broken')
    })
    const again = () => {
      if (stage.engine !== hls || stage.held) return // a plain file plays meanwhile
      hls.stopLoad()
      if (hls.levels.length) hls.startLoad(stage.at())
      else hls.loadSource(address())
    }
    hls.on('hlsFragBuffered', well)
    stage.engine = hls
    let begun = false
    let from = 0
    stage.reload = () => {
      if (plain()) return change()
      from = stage.at()
      hls.loadSource(address())
    }
    restart = () => (begun ? again() : undefined)
    hls.on('hlsAudioTracksUpdated', () => stage.speak?.())
    hls.on('hlsManifestParsed', () => {
      stage.cap?.()
      if (begun && !stage.held) hls.startLoad(from || stage.at())
    })
    hls.loadSource(address())
    hls.attachMedia(video)
    const begin = () => {
      if (begun || stage.engine !== hls || stage.held) return
      begun = true
      if (hls.levels.length) hls.startLoad(at)
    }
    if (video.paused) video.addEventListener('play', begin)
    else begin()
  }

  let restart: () => unknown = change
  const silence = new StallWatch()
  setInterval(() => {
    const hls = stage.engine
    const ends = video.buffered
    const received = stage.bytes + (ends.length ? ends.end(ends.length - 1) : 0)
    const wanting = hls ? open > 0 : !!video.currentSrc && !video.paused && video.readyState < 3
    if (!silence.look({ received, wanting, held: !!timer || !!stage.held })) return
    failing = true
    trouble()
    if (hls) restart()
    else change()
  }, 1000)
  addEventListener('online', () => {
    if (!failing) return
    clearInterval(timer)
    timer = 0
    if (stage.engine) restart()
    else if (video.error) change()
  })

  // The cover starts the lesson before the engine has come.
  if (cover) {
    cover.hidden = false
    cover.onclick = () => {
      if (stage.held) return
      say('loading')
      video.focus()
      stage.ensure().then(
        // Refused when the tap is too long ago: the next one plays at once.
        () => video.play().catch(() => (cover.hidden = !video.paused)),
        () => later(() => cover.hidden || cover.click()),
      )
    }
  }
  video.addEventListener('play', () => {
    if (stage.held) return video.pause()
    wanted = true
    if (cover) cover.hidden = true
    stage.ensure().catch(() => later(() => video.paused || change()))
  })
  video.addEventListener('playing', () => {
    if (!stage.engine) well()
    const resumed = resumeAt && Math.abs(video.currentTime - resumeAt) < 3
    if (resumed) brief('resumed', clock(resumeAt), 8000)
    else if (!failing && !said.startsWith('continuing')) say('')
  })
  video.addEventListener('waiting', () => {
    const edge = fact('growing') && video.duration - video.currentTime < 3
    if (edge) say('edge')
    else if (failing || !navigator.onLine) trouble()
    else say('waiting')
  })
  addEventListener('offline', () => video.paused || trouble())

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
  // A new source, or the engine's own new beginning after a fault: what was playing plays on.
  video.addEventListener('emptied', () => {
    if (wanted)
      video.addEventListener('canplay', () => void video.play().catch(() => undefined), { once: true })
  })
  video.addEventListener('pause', () => {
    wanted = false
    if (video.currentSrc) remember()
    // The next lesson starts with what this line can carry.
    const bits = stage.engine?.bandwidthEstimate
    if (bits && bits > 0) keep('bits', bits.toFixed(0))
  })

  const part = (name: string) =>
    import(fact(name)).then((m: { start(s: Stage): unknown }) => m.start(stage)).catch(() => undefined)
  part('viewing')
  // The engine comes while the student reads; never on a line that must be spared.
  const idle = window.requestIdleCallback || ((fn: () => void) => setTimeout(fn, 1500))
  const loaded = new Promise(ok => addEventListener('load', ok))
  Promise.all([part('extras'), loaded]).then(
    () => saver || idle(() => stage.held || stage.ensure().catch(() => undefined)),
  )
}
