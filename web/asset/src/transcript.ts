// What is written along with a lesson: the choice of captions, their size, and
// the words of the lesson to read, which follow the player. Fetched only for
// lessons that have captions.
import { keep, recall, type Stage } from './player/stage'

export function start(stage: Stage): void {
  const { root, video } = stage
  const choice = root.querySelector<HTMLSelectElement>('[name=captions]')
  const words = root.querySelector<HTMLDetailsElement>('.transcript')
  const tracks = Array.from(video.textTracks).filter(t => t.kind === 'captions')
  if (!choice || !tracks.length) return
  const chosen = () => tracks.find(t => t.language === choice.value)
  const reading = () => chosen() || tracks[0]

  // How captions look is asked for once there are some.
  const looks = [look(root, 'cue'), look(root, 'ink')].filter(s => !!s) as HTMLSelectElement[]

  // A track whose words are only read is "hidden": loaded, not shown.
  const apply = () => {
    for (const t of tracks) {
      const mode = t === chosen() ? 'showing' : words?.open && t === reading() ? 'hidden' : 'disabled'
      if (t.mode !== mode) t.mode = mode
    }
    for (const select of looks) (select.closest('label') as HTMLElement).hidden = !choice.value
    if (words?.open) lay()
  }
  choice.disabled = false
  const wish = recall('captions')
  if (tracks.some(t => t.language === wish)) choice.value = wish
  choice.onchange = () => {
    keep('captions', choice.value)
    apply()
  }
  // The browser's own button chooses too.
  video.textTracks.addEventListener('change', () => {
    const on = tracks.find(t => t.mode === 'showing')?.language || ''
    if (on === choice.value) return
    choice.value = on
    keep('captions', on)
    apply()
  })
  let laid: TextTrack | undefined
  let now: HTMLElement | undefined
  const lay = (tries = 0): void => {
    const list = words?.querySelector('ol')
    const track = reading()
    if (!list || !track || laid === track) return
    const hint = words?.querySelector<HTMLElement>('[data-wait]')
    if (!track.cues?.length) {
      if (hint && !tries) {
        hint.dataset.done = hint.dataset.done || hint.textContent || ''
        hint.textContent = hint.dataset.wait || ''
      }
      if (tries < 100) setTimeout(() => lay(tries + 1), 200)
      return
    }
    if (hint?.dataset.done) hint.textContent = hint.dataset.done
    laid?.removeEventListener('cuechange', follow)
    laid = track
    list.lang = track.language
    list.textContent = ''
    for (const cue of Array.from(track.cues)) {
      const item = document.createElement('li')
      const link = document.createElement('a')
      link.href = `#t=${cue.startTime}`
      // Text only: a caption's own marks are not the page's.
      link.textContent = (cue as VTTCue).getCueAsHTML().textContent
      item.append(link)
      list.append(item)
    }
    track.addEventListener('cuechange', follow)
    follow()
  }
  const follow = () => {
    const list = words?.querySelector('ol')
    const cue = laid?.activeCues?.[0]
    if (!list || !laid?.cues || !cue) return
    const item = list.children[Array.prototype.indexOf.call(laid.cues, cue)] as HTMLElement | undefined
    if (!item || item === now) return
    now?.removeAttribute('aria-current')
    now = item
    now.setAttribute('aria-current', 'true')
    // Only the list moves, never the page; and not while somebody reads in it.
    if (!list.matches(':hover, :focus-within'))
      list.scrollTop = item.offsetTop - list.offsetTop - list.clientHeight / 3
  }
  if (words) {
    words.hidden = false
    words.addEventListener('toggle', apply)
  }
  apply()
}

/** How captions look: the style sheet knows what each choice of size (cue) and colour (ink) means. */
function look(root: HTMLElement, name: 'cue' | 'ink'): HTMLSelectElement | null {
  const select = root.querySelector<HTMLSelectElement>(`[name=${name}]`)
  if (!select) return null
  select.disabled = false
  const wish = recall(name)
  if (select.querySelector(`option[value="${CSS.escape(wish)}"]`)) select.value = wish
  root.dataset[name] = select.value
  select.onchange = () => {
    root.dataset[name] = select.value
    keep(name, select.value)
  }
  return select
}
