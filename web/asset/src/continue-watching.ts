// The home page's lessons to go on with: this device knows how far each was
// watched. One watched to its end is no longer offered.
import { clock, recall } from './player/stage'

const section = document.querySelector<HTMLElement>('.recent')
if (section) show(section)

function show(section: HTMLElement): void {
  let seen: Record<string, [at: number, of: number]> = {}
  try {
    seen = JSON.parse(recall('seen') || '{}')
  } catch {
    // Nothing is known then.
  }
  for (const item of section.querySelectorAll<HTMLElement>('li[data-lesson]')) {
    const known = seen[item.dataset.lesson || '']
    const what = item.querySelector('.recent-what')
    if (!what || !Array.isArray(known) || what.querySelector('.recent-at')) continue
    const [at, of] = known
    if (of > 0 && (at >= 0.95 * of || of - at < 15)) {
      item.remove()
      continue
    }
    if (!(at >= 15) || !(of > 0)) continue
    const words = document.createElement('span')
    words.className = 'hint recent-at'
    words.textContent = (section.dataset.words || '').replace('{at}', clock(at)).replace('{of}', clock(of))
    const bar = document.createElement('progress')
    bar.className = 'bar'
    bar.max = 1
    bar.value = at / of
    bar.setAttribute('aria-hidden', 'true')
    what.append(words, bar)
  }
  if (!section.querySelector('li')) section.remove()
}
