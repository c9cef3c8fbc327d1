// A family's daily limit: counts what the player really receives, shows what is
// left, and stops when it is spent. Kept on the device, for all its lessons.
import { Account, gained, left } from './player/daily-account'
import type { Span } from './player/heartbeat-state'
import { keep, recall, type Stage } from './player/stage'

export function start(stage: Stage): void {
  const { root, video } = stage
  const box = root.querySelector<HTMLElement>('.budget')
  const stop = root.querySelector<HTMLElement>('.budget-stop')
  const select = box?.querySelector<HTMLSelectElement>('select')
  if (!box || !stop || !select) return
  const account = new Account(
    () => recall('spent'),
    text => keep('spent', text),
    () => new Date(),
  )
  const limit = () => Number(recall('budget')) || 0
  const number = (bytes: number) => {
    const mb = bytes / 1e6
    return mb.toLocaleString(document.documentElement.lang, { maximumFractionDigits: mb < 10 ? 1 : 0 })
  }
  const write = (e: HTMLElement | null, values: Record<string, string>) => {
    if (e) e.textContent = (e.dataset.words || '').replace(/\{(\w+)\}/g, (_, n: string) => values[n] || '')
  }

  // The engine counts its bytes. A plain file's are reckoned from the seconds
  // received, because browsers do not tell more.
  let counted = 0
  let had: Span[] = []
  let engine = false
  const plain = () => {
    const now: Span[] = []
    if (!stage.engine)
      for (let i = 0; i < video.buffered.length; i++)
        now.push([video.buffered.start(i), video.buffered.end(i)])
    const seconds = gained(had, now)
    had = now
    return video.duration > 0 ? (seconds * price()) / video.duration : 0
  }
  const price = (choice = stage.choice) =>
    Number(
      root.querySelector<HTMLOptionElement>(`[name=quality] [value="${CSS.escape(choice)}"]`)?.dataset.bytes,
    ) || 0
  // The engine itself, when it was not in the browser's store already.
  const engineBytes = () => {
    const e = performance.getEntriesByName(new URL(stage.fact('engine'), location.href).href)[0]
    if (engine || !e) return 0
    engine = true
    return (e as PerformanceResourceTiming).transferSize || 0
  }

  const rest = (choice: string) => {
    const whole = video.duration || Number(stage.fact('duration')) || 1
    return price(choice) * Math.max(0, 1 - stage.at() / whole)
  }
  const show = () => {
    const most = limit()
    const d = account.today()
    write(box.querySelector('.budget-now'), { used: number(d.bytes), left: number(left(most, d)) })
    const line = box.querySelector<HTMLElement>('.budget-now')
    const bar = box.querySelector('progress')
    const brief = box.querySelector<HTMLElement>('summary span')
    if (line) line.hidden = !most
    if (bar) {
      bar.hidden = !most
      bar.max = most * 1e6 + d.more || 1
      bar.value = d.bytes
    }
    write(brief, { left: number(left(most, d)) })
    if (brief) brief.hidden = !most
  }
  const offer = () => {
    write(stop.querySelector('p'), { limit: number(limit() * 1e6 + account.today().more) })
    for (const b of Array.from(stop.querySelectorAll<HTMLButtonElement>('button'))) {
      const choice = b.value
      const bytes = choice === 'more' ? Number(b.dataset.bytes) : rest(choice)
      b.hidden = !bytes
      write(b.querySelector('span'), { value: number(bytes) })
      b.onclick = () => {
        // What was received beyond the limit in its last second is forgiven.
        const d = account.today()
        account.add(0, Math.max(0, d.bytes - d.more - limit() * 1e6) + bytes * 1.05)
        release()
        const quality = root.querySelector<HTMLSelectElement>('[name=quality]')
        if (choice !== 'more' && quality) {
          quality.value = choice
          quality.dispatchEvent(new Event('change'))
        }
        video.focus()
        const cover = root.querySelector<HTMLButtonElement>('.player-cover:not([hidden])')
        if (cover) cover.click()
        else
          stage
            .ensure()
            .then(() => video.play())
            .catch(() => undefined)
      }
    }
  }
  const release = () => {
    stop.hidden = true
    stage.hold('')
    look()
  }
  const look = () => {
    const fresh = stage.bytes - counted
    counted = stage.bytes
    account.add(fresh + plain() + engineBytes())
    const spent = limit() > 0 && left(limit(), account.today()) <= 0
    if (spent && !stage.held) {
      stage.hold('budget')
      had = []
      offer()
      stop.hidden = false
      stop.scrollIntoView({ block: 'nearest' })
    } else if (!spent && stage.held) release()
    show()
  }

  select.value = recall('budget')
  select.onchange = () => {
    keep('budget', select.value)
    look()
  }
  // Playing is refused: say why where it can be seen.
  video.addEventListener('play', () => stage.held && stop.scrollIntoView({ block: 'nearest' }))
  setInterval(look, 1000)
  look()
}
