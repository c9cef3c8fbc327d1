// Buttons beside a field for a time in the lesson: one writes the player's
// time into the field, another (data-go) plays from the time that stands there.
// They work wherever they are added later: rows of the captions editor are.
import { seconds, stamp } from './staff/timestamps'

const video = document.querySelector<HTMLVideoElement>('.player video')
if (video) {
  const show = () => {
    for (const b of document.querySelectorAll<HTMLButtonElement>('button[data-moment], button[data-go]'))
      b.hidden = false
  }
  show()
  addEventListener('rows', show)
  const field = (b: HTMLElement, name: string) =>
    b.closest('form')?.querySelector<HTMLInputElement>(`[name="${CSS.escape(b.dataset[name] || '')}"]`)
  document.addEventListener('click', e => {
    const b = (e.target as HTMLElement).closest<HTMLElement>('button[data-moment], button[data-go]')
    if (!b) return
    e.preventDefault()
    const into = field(b, 'moment')
    if (into) {
      into.value = stamp(video.currentTime, b.dataset.exact === 'yes')
      into.dispatchEvent(new Event('input', { bubbles: true }))
      into.focus()
      return
    }
    const from = field(b, 'go')
    const at = from ? seconds(from.value) : -1
    if (at < 0) return
    const go = () => {
      video.currentTime = at
      void video.play().catch(() => undefined)
    }
    if (video.readyState > 0) return go()
    video.addEventListener('loadedmetadata', go, { once: true })
    document.querySelector<HTMLElement>('.player-cover')?.click()
  })
}
