// Follows a lesson's recording while it is prepared: the fraction and the time
// left change in place; when its state changes, the parts of the page that say
// so are fetched again. Nothing that is being typed is touched.
import { leftWords } from './staff/time-left'

interface Doc {
  status: string
  media: {
    state: string
    stage?: string
    fraction?: number
    playable: boolean
    packageId?: string
    secondsLeft?: number
  }
  secondsLeft?: number
}

const root = document.getElementById('recording')
if (root && window.EventSource) follow(root)

function follow(root: HTMLElement): void {
  const words = JSON.parse(root.dataset.say || '{}') as Record<string, string>
  const source = new EventSource(`/api/v1/lessons/${root.dataset.lesson}/events`)
  let shown = 0 // fraction, never backwards
  let left = -1 // seconds, smoothed
  let at = 0

  const facts = () => root.querySelector<HTMLElement>('[data-facts]')?.dataset.facts || ''
  const put = (name: string, text: string) => {
    const e = root.querySelector(name)
    if (e && e.textContent !== text) e.textContent = text
  }

  function show(d: Doc): void {
    const m = d.media
    shown = Math.max(shown, m.fraction || 0)
    const bar = root.querySelector<HTMLProgressElement>('[data-live] progress')
    if (bar) bar.value = shown
    put('[data-percent]', `${Math.floor(shown * 100)}\u00a0%`)
    const s = m.secondsLeft ?? d.secondsLeft
    if (s === undefined || m.state !== 'processing') {
      put('[data-left]', '')
      return
    }
    const now = performance.now() / 1000
    const clock = Math.max(0, left - (now - at))
    left = left < 0 ? s : clock + (s - clock) * 0.2
    at = now
    const [word, fill] = shown > 0.98 ? ['left_soon', {} as Record<string, string>] : leftWords(left)
    put(
      '[data-left]',
      (words[word] || '').replace(/\{(\w+)\}/g, (_, k) => fill[k] || ''),
    )
  }

  /** Puts the server's newest words in place of the parts that changed. */
  async function renew(): Promise<void> {
    const answer = await fetch(location.pathname, { credentials: 'same-origin' })
    if (!answer.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    for (const old of document.querySelectorAll<HTMLElement>('[data-live]')) {
      const fresh = page.querySelector(`[data-live="${old.dataset.live}"]`)
      // A part that has the focus would throw its reader out.
      if (fresh && (!old.contains(document.activeElement) || old.dataset.live === 'media'))
        old.replaceWith(fresh)
    }
    shown = 0
    left = -1
    // The upload's own last word is older than what the page says now.
    const upload = document.querySelector<HTMLElement>('#upload [data-sending]')
    if (upload?.querySelector<HTMLElement>('[data-cancel]')?.hidden) upload.hidden = true
  }

  let busy: Promise<void> | undefined
  const take = (e: Event) => {
    const d = JSON.parse((e as MessageEvent<string>).data) as Doc
    const m = d.media
    if (`${d.status} ${m.state} ${m.playable} ${m.packageId || ''}` !== facts() && !busy) {
      busy = renew()
        .catch(() => undefined)
        .then(() => {
          busy = undefined
          show(d)
        })
    } else if (!busy) {
      show(d)
    }
  }
  source.addEventListener('status', take)
  source.addEventListener('progress', take)
  source.onerror = () => put('[data-left]', words.lost || '')
}
