// Comforts of the player: quality with its price, speed, starting over, keys.

import { levelFor } from './player/quality'
import { keep, recall, type Stage, thrifty } from './player/stage'

/** Resolves when the family's limit, if there is one, is watched. */
export function start(stage: Stage): Promise<unknown> {
  const { root, video } = stage
  const quality = root.querySelector<HTMLSelectElement>('[name=quality]')
  const speed = root.querySelector<HTMLSelectElement>('[name=speed]')
  if (quality) qualities(stage, quality)
  if (speed) speeds(video, speed)
  const sound = root.querySelector<HTMLSelectElement>('[name=sound]')
  if (sound) sounds(stage, sound)
  const restart = root.querySelector<HTMLButtonElement>('.player-restart')
  if (restart) {
    video.addEventListener('playing', () => {
      restart.hidden = video.currentTime < 15
    })
    restart.onclick = () => {
      video.currentTime = 0
      restart.hidden = true
    }
  }
  // A moment in the address (#t=95) wins over the remembered place.
  const moment = (hash: string) => Number(/^#t=([0-9.]+)/.exec(hash)?.[1] || -1)
  const go = (at: number) => {
    if (at < 0) return
    if (video.readyState) video.currentTime = at
    else video.addEventListener('loadedmetadata', () => (video.currentTime = at), { once: true })
  }
  go(moment(location.hash))
  // Chapters and the words of a transcript are links to moments.
  document.addEventListener('click', e => {
    const link = (e.target as HTMLElement).closest<HTMLAnchorElement>('a[href^="#t="]')
    if (!link || e.ctrlKey || e.metaKey || e.shiftKey) return
    e.preventDefault()
    go(moment(link.hash))
    const cover = root.querySelector<HTMLButtonElement>('.player-cover:not([hidden])')
    if (cover) cover.click()
    else void video.play().catch(() => undefined)
  })
  const part = (name: string): Promise<unknown> =>
    import(stage.fact(name)).then((m: { start(s: Stage): void }) => m.start(stage)).catch(() => undefined)
  if (stage.fact('along')) void part('along')
  keys(stage)
  small(stage)
  opened(root, 'board', () => part('strip'))
  const limit = opened(root, 'budget', () => part('budget'), !!recall('budget'))
  return limit
}

/** What is folded away is fetched when it is opened for the first time, or at once. */
function opened(
  root: HTMLElement,
  name: string,
  load: () => Promise<unknown>,
  now = false,
): Promise<unknown> {
  const box = root.querySelector<HTMLDetailsElement>(`.${name}`)
  if (!box) return Promise.resolve()
  box.hidden = false
  if (now) return load()
  box.addEventListener('toggle', () => void load(), { once: true })
  return Promise.resolve()
}

/** A small window over other pages, where the browser has one. */
function small({ root, video }: Stage): void {
  const button = root.querySelector<HTMLButtonElement>('.player-small')
  if (!button || !document.pictureInPictureEnabled) return
  button.hidden = false
  button.onclick = () => {
    const done = document.pictureInPictureElement
      ? document.exitPictureInPicture()
      : video.requestPictureInPicture()
    done.catch(() => undefined) // before there is a picture
  }
  const pressed = () =>
    button.setAttribute('aria-pressed', String(document.pictureInPictureElement === video))
  video.addEventListener('enterpictureinpicture', pressed)
  video.addEventListener('leavepictureinpicture', pressed)
}

function qualities(stage: Stage, select: HTMLSelectElement): void {
  const { root, video } = stage
  const wish = thrifty() ? 'saver' : recall('quality')
  if (wish && select.querySelector(`option[value="${CSS.escape(wish)}"]`)) select.value = wish
  select.disabled = false
  // Data-saver and sound alone are files or playlists of their own.
  const own = (choice: string) => choice === 'sound' || (choice === 'saver' && stage.fact('fileSaver'))
  const left = root.querySelector<HTMLElement>('.player-left')

  // A choice is the most that is fetched; on a bad line the engine still steps
  // down. What was paid for already is played, not thrown away.
  const apply = () => {
    const hls = stage.engine
    if (!hls?.levels.length) return
    const level = levelFor(select.value, hls.levels)
    const free = level < 0 && !hls.capLevelToPlayerSize
    if (free || level >= 0) {
      hls.capLevelToPlayerSize = false
      hls.autoLevelCapping = level
    }
    // Left to itself the engine takes no more than the picture's size shows.
    if (free) hls.capLevelToPlayerSize = true
  }
  const price = () => {
    const bytes = Number(select.selectedOptions[0]?.dataset.bytes)
    if (!left || !bytes) return
    const whole = video.duration || Number(stage.fact('duration'))
    const rest = whole > 0 ? Math.max(0, 1 - video.currentTime / whole) : 1
    const mb = (bytes * rest) / 1e6
    const number = mb.toLocaleString(document.documentElement.lang, {
      maximumFractionDigits: mb < 10 ? 1 : 0,
    })
    const words = (select.value === 'auto' && left.dataset.most) || left.dataset.words || ''
    left.textContent = words.replace('{value}', number)
  }
  select.onchange = () => {
    const other = stage.choice !== select.value && (own(stage.choice) || own(select.value))
    stage.choice = select.value
    keep('quality', select.value)
    if (other) stage.reload()
    apply()
    price()
  }
  stage.cap = apply
  video.addEventListener('loadedmetadata', apply)
  let last = -99
  video.addEventListener('timeupdate', () => {
    if (Math.abs(video.currentTime - last) < 10) return
    last = video.currentTime
    price()
  })
  apply()
}

/** The language that is spoken; remembered by its tag, for the next lesson. */
function sounds(stage: Stage, select: HTMLSelectElement): void {
  const { video } = stage
  // Browsers that play by themselves have a list of their own.
  const native = () =>
    (video as unknown as { audioTracks?: { length: number; [n: number]: { enabled: boolean } } }).audioTracks
  stage.speak = () => {
    const hls = stage.engine
    if (hls) {
      if ((hls.audioTracks?.length || 0) > stage.spoken) hls.audioTrack = stage.spoken
      return
    }
    const list = native()
    for (let i = 0; list && i < list.length; i++)
      (list[i] as { enabled: boolean }).enabled = i === stage.spoken
  }
  const choose = () => {
    stage.spoken = Number(select.value) || 0
    stage.rung = select.selectedOptions[0]?.dataset.rung || ''
  }
  const wish = Array.from(select.options).find(o => o.lang && o.lang !== 'und' && o.lang === recall('spoken'))
  if (wish) select.value = wish.value
  select.disabled = false
  choose()
  if (stage.spoken) stage.reload()
  select.onchange = () => {
    const before = stage.spoken
    choose()
    keep('spoken', select.selectedOptions[0]?.lang || '')
    // Plain files speak the first language only, and sound alone is a list of its own.
    const apart = stage.choice === 'sound' || stage.choice === 'saver'
    if (apart && before !== stage.spoken) stage.reload()
    else stage.speak?.()
  }
  video.addEventListener('loadedmetadata', () => stage.speak?.())
}

function speeds(video: HTMLVideoElement, select: HTMLSelectElement): void {
  const wish = recall('speed')
  if (wish && select.querySelector(`option[value="${CSS.escape(wish)}"]`)) select.value = wish
  select.disabled = false
  const apply = () => {
    video.defaultPlaybackRate = video.playbackRate = Number(select.value) || 1
  }
  select.onchange = () => {
    keep('speed', select.value)
    apply()
  }
  video.addEventListener('loadedmetadata', apply)
  video.addEventListener('ratechange', () => {
    const v = String(video.playbackRate)
    if (select.querySelector(`option[value="${v}"]`)) select.value = v
  })
  apply()
}

/**
 * Keys work anywhere on the page, but not where somebody types or chooses; where
 * the browser gives space and arrows a meaning, it keeps them. They can be turned
 * off: who speaks to the device would press them by talking.
 */
function keys({ root, video }: Stage): void {
  const on = root.querySelector<HTMLInputElement>('[name=keys]')
  if (on) {
    on.disabled = false
    on.checked = recall('keys') !== 'off'
    on.onchange = () => keep('keys', on.checked ? '' : 'off')
  }
  const jump = (s: number) => {
    video.currentTime = Math.min(Math.max(0, video.currentTime + s), video.duration || 0)
  }
  const choose = (name: string, value: (s: HTMLSelectElement) => string | undefined) => {
    const select = root.querySelector<HTMLSelectElement>(`[name=${name}]`)
    const next = select && value(select)
    if (!select || next === null || next === undefined) return
    select.value = next
    select.dispatchEvent(new Event('change'))
  }
  const faster = (by: number) => choose('speed', s => s.options[s.selectedIndex + by]?.value)
  let spoken = ''
  const captions = () =>
    choose('captions', s => {
      if (s.value) {
        spoken = s.value
        return ''
      }
      return spoken || s.options[1]?.value
    })
  const play = () => {
    const cover = root.querySelector<HTMLButtonElement>('.player-cover:not([hidden])')
    if (cover) cover.click()
    else if (video.paused) void video.play().catch(() => undefined)
    else video.pause()
  }
  const does: Record<string, () => void> = {
    ' ': play,
    k: play,
    arrowleft: () => jump(-5),
    arrowright: () => jump(5),
    j: () => jump(-10),
    l: () => jump(10),
    m: () => (video.muted = !video.muted),
    c: captions,
    f: () => (document.fullscreenElement ? void document.exitFullscreen() : void video.requestFullscreen()),
    '<': () => faster(-1),
    '>': () => faster(1),
  }
  for (let n = 0; n < 10; n++)
    does[n] = () => {
      if (video.duration > 0) video.currentTime = (video.duration * n) / 10
    }
  document.addEventListener('keydown', e => {
    const at = e.target as HTMLElement
    if (
      e.defaultPrevented ||
      e.ctrlKey ||
      e.altKey ||
      e.metaKey ||
      at.isContentEditable ||
      recall('keys') === 'off'
    )
      return
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName)) return
    const own = e.key === ' ' || e.key.startsWith('Arrow')
    if (own && /^(BUTTON|A|VIDEO|SUMMARY)$/.test(at.tagName)) return
    if (own && at.closest('.transcript, .board')) return // lists scroll
    const act = does[e.key.toLowerCase()]
    if (!act) return
    e.preventDefault()
    act()
  })
}
