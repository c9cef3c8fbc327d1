// The lesson in small pictures, to find a place in it. Fetched when it is
// opened; the pictures too, and with data-saver only when they are asked for.

import { clock, type Stage } from './player/stage'
import { current, moments, type Shot, shots, spoken } from './player/storyboard-index'

/** Widest a small picture is shown, CSS pixels. */
const width = 160

export function start(stage: Stage): void {
  const { root, video } = stage
  const box = root.querySelector<HTMLElement>('.board')
  const list = box?.querySelector('ol')
  const more = box?.querySelector('button')
  const hint = box?.querySelector<HTMLElement>('.board-hint')
  if (!box || !list) return
  const words = box.dataset
  let begins: number[] = []
  let now = -1

  const lay = (all: { at: number; shot?: Shot }[], picture = '') => {
    begins = all.map(a => a.at)
    now = -1
    list.replaceChildren(
      ...all.map(({ at, shot }) => {
        const item = document.createElement('li')
        const link = document.createElement('a')
        link.href = `#t=${at}`
        link.tabIndex = -1
        link.setAttribute('aria-label', spoken(words.name || '', words.short || '', at))
        if (shot) {
          const look = document.createElement('span')
          const s = look.style
          s.width = `${shot.width}px`
          s.height = `${shot.height}px`
          s.background = `url("${picture}") -${shot.x}px -${shot.y}px`
          link.append(look)
        }
        link.append(clock(at))
        item.append(link)
        return item
      }),
    )
    follow()
    if (now < 0) focusable(0)
  }
  const links = () => Array.from(list.querySelectorAll('a'))
  // One of them is in the way of the tab key; arrows lead to the others.
  const focusable = (n: number) =>
    links().forEach((a, i) => {
      a.tabIndex = i === n ? 0 : -1
    })
  list.addEventListener('keydown', e => {
    const all = links()
    const at = all.indexOf(e.target as HTMLAnchorElement)
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[e.key]
    const link = to === undefined ? undefined : all[to]
    if (!link) return
    e.preventDefault()
    focusable(to as number)
    link.focus()
  })
  const follow = () => {
    const n = current(begins, stage.at())
    if (n === now) return
    const all = links()
    all[now]?.removeAttribute('aria-current')
    now = n
    const link = all[n]
    if (!link) return
    link.setAttribute('aria-current', 'true')
    if (list.matches(':hover, :focus-within')) return
    focusable(n)
    list.scrollLeft = link.offsetLeft - list.offsetLeft - list.clientWidth / 2 + width / 2
  }
  video.addEventListener('timeupdate', follow)
  video.addEventListener('seeked', follow)

  const say = (text = '') => {
    if (hint) hint.textContent = text
  }
  const load = async () => {
    say(words.wait)
    if (more) more.hidden = true
    try {
      const address = new URL(words.index || '', location.href)
      const answer = await fetch(address.href)
      if (!answer.ok) throw new Error(String(answer.status))
      const { picture, all } = shots(await answer.text())
      const whole = new URL(picture, address)
      // Only from where the lesson itself comes.
      if (!all.length || whole.origin !== location.origin) throw new Error('no pictures')
      const image = new Image()
      image.src = whole.href
      await image.decode()
      stage.bytes += Number(words.bytes) || 0
      lay(
        all.map(shot => ({ at: shot.at, shot })),
        whole.href,
      )
      say()
    } catch {
      say(words.failed)
      if (more) more.hidden = false
    }
  }
  if (more) more.onclick = () => void load()
  lay(moments(video.duration || Number(stage.fact('duration'))).map(at => ({ at })))
  if (stage.choice === 'saver' || stage.choice === 'sound' || stage.held) {
    if (more) more.hidden = false
  } else void load()
}
