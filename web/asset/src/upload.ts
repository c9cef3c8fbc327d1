// Sends a recording straight to storage, in parts, over lines that break. The
// server holds the plan: after a reload, or on another device, choosing the
// same file goes on with the parts that are still missing.
import { timeLeft } from './staff/time-left'
import {
  type Line,
  type Plan,
  type Problem,
  retry,
  type Signed,
  type Stage,
  Stopped,
  Transfer,
} from './upload/transfer'

const box = document.getElementById('upload')
if (box) attach(box)

function attach(box: HTMLElement): void {
  const api = '/api/v1'
  const words = JSON.parse(box.dataset.say || '{}') as Record<string, string>
  const part = <T extends HTMLElement>(name: string) => box.querySelector<T>(name) as T
  const input = part<HTMLInputElement>('input[type=file]')
  const sending = part('[data-sending]')
  const bar = part<HTMLProgressElement>('progress')
  const status = part('[data-status]')
  const detail = part('[data-detail]')
  const wrong = part('[data-error]')
  const pause = part<HTMLButtonElement>('[data-pause]')
  const again = part<HTMLButtonElement>('[data-continue]')
  let plan: Plan | undefined
  let file: File | undefined
  let current = new AbortController() // ends what is being sent
  let flying = 0 // requests that carry bytes

  const fill = (word: string, facts: Record<string, string> = {}) =>
    (words[word] || '').replace(/\{(\w+)\}/g, (_, name) => facts[name] || '')
  const size = (bytes: number) => {
    const [n, unit] = bytes < 1e9 ? [bytes / 1e6, ' MB'] : [bytes / 1e9, ' GB']
    return n.toLocaleString(words.lang, { maximumFractionDigits: n < 10 ? 1 : 0 }) + unit
  }
  const show = (text: string) => {
    if (status.textContent !== text) status.textContent = text
  }
  const fault = (text: string) => {
    wrong.textContent = text
    wrong.hidden = !text
  }

  /** Asks the API; what it refuses is thrown as its problem document. */
  async function ask<T>(method: string, path: string, body?: object, key = ''): Promise<T> {
    const headers: Record<string, string> = body ? { 'Content-Type': 'application/json' } : {}
    if (key) headers['Idempotency-Key'] = key
    const answer = await fetch(api + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: 'same-origin',
    })
    if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T
    const doc = (await answer.json().catch(() => ({}))) as Problem
    throw Object.assign(doc, { status: answer.status })
  }

  /** One part by XMLHttpRequest, because fetch does not report how much has gone. */
  function put(s: Signed, blob: Blob, sent: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    return new Promise((done, fail) => {
      if (signal.aborted) return fail({ status: 0 })
      const x = new XMLHttpRequest()
      const stop = () => x.abort()
      let idle = 0
      // A line that went silent: give up and send again.
      const alive = () => {
        clearTimeout(idle)
        idle = window.setTimeout(stop, 45_000)
      }
      x.open(s.method, s.url)
      for (const [k, v] of Object.entries(s.headers)) {
        if (!/^(host|content-length)$/i.test(k)) x.setRequestHeader(k, v)
      }
      x.upload.onprogress = e => {
        alive()
        sent(e.loaded)
      }
      x.onloadend = () => {
        clearTimeout(idle)
        signal.removeEventListener('abort', stop)
        flying--
        if (x.status >= 200 && x.status < 300) done()
        else {
          sent(0)
          // 403: the address has run out; a new one is asked for.
          fail({ status: x.status === 403 ? 0 : x.status })
        }
      }
      signal.addEventListener('abort', stop)
      flying++
      alive()
      x.send(blob)
    })
  }

  const line: Line = {
    call: ask,
    put,
    async offset(upload) {
      const answer = await fetch(`${api}/tus/${upload}`, {
        method: 'HEAD',
        headers: tus,
        credentials: 'same-origin',
      })
      if (!answer.ok) throw { status: answer.status }
      return Number(answer.headers.get('Upload-Offset'))
    },
    step: (upload, from) => ({
      number: 0,
      method: 'PATCH',
      url: `${api}/tus/${upload}`,
      headers: {
        ...tus,
        'Upload-Offset': String(from),
        'Content-Type': 'application/offset+octet-stream',
      },
      expiresAt: '',
    }),
    online: () => navigator.onLine,
    reconnected: () => new Promise(f => addEventListener('online', () => f(), { once: true })),
    pause: ms => new Promise(f => setTimeout(f, ms)),
    now: () => Date.now(),
    random: () => Math.random(),
  }

  /** Shows what keeps a transfer waiting, or that it is done sending. */
  const report = (s: Stage) => {
    if (s === 'sending') return
    show(fill(s))
    if (s !== 'waiting') detail.textContent = ''
  }

  async function send(p: Plan, f: File): Promise<void> {
    const signal = halt()
    sending.hidden = false
    pause.hidden = false
    again.hidden = true
    fault('')
    const left = timeLeft()
    const connection = (navigator as { connection?: { effectiveType?: string } }).connection
    const lanes = /2g/.test(connection?.effectiveType || '') ? 2 : 3
    const transfer = new Transfer(line, p, f, signal, s => (s === 'sending' ? tell() : report(s)), lanes)
    const tell = () => {
      if (signal.aborted || transfer.joining || !navigator.onLine) return
      const sum = transfer.sent
      bar.value = sum / f.size
      show(
        fill('sending', {
          percent: String(Math.floor((100 * sum) / f.size)),
          sent: size(sum),
          total: size(f.size),
        }),
      )
      const t = left(sum, f.size)
      detail.textContent = t ? fill(t[0], t[1]) : ''
    }
    const clock = window.setInterval(tell, 1000)
    try {
      await transfer.run()
      bar.value = 1
      show(fill('received'))
      detail.textContent = ''
      pause.hidden = true
      part('[data-cancel]').hidden = true
      localStorage.removeItem(`upload-${p.id}`)
      plan = file = undefined
      input.value = ''
    } catch (e) {
      refuse(e)
    } finally {
      clearInterval(clock)
    }
  }

  /** Ends a run that was refused, in the server's words. */
  function refuse(e: unknown): void {
    if (e instanceof Stopped) return
    halt()
    sending.hidden = true
    fault((e as Problem).detail || fill('failed'))
  }

  /** Ends what is being sent; gives the signal of what comes next. */
  function halt(): AbortSignal {
    current.abort()
    current = new AbortController()
    return current.signal
  }

  async function choose(): Promise<void> {
    const f = input.files?.[0]
    if (!f) return
    const signal = halt()
    const insist = <T>(step: () => Promise<T>) => retry(line, signal, report, step)
    fault('')
    if (!f.size) return fault(fill('empty'))
    if (f.size > Number(box.dataset.max)) {
      return fault(fill('too_large', { max: size(Number(box.dataset.max)) }))
    }
    sending.hidden = false
    part('[data-cancel]').hidden = false
    show(fill('preparing'))
    try {
      const print = await fingerprint(f)
      const open = plan?.id || box.dataset.upload
      plan = undefined
      if (open) {
        const known = localStorage.getItem(`upload-${open}`)
        const same =
          f.size === Number(box.dataset.size) && (known ? known === print : f.name === box.dataset.name)
        if (same) {
          plan = await insist(() => ask<Plan>('GET', `/uploads/${open}`)).catch((e: Problem) => {
            // Storage has forgotten it, or it ran out: begin again.
            if (e.status === 404 || e.status === 410) return undefined
            throw e
          })
        } else if (confirm(fill('not_same', { name: box.dataset.name || '' }))) {
          await ask('DELETE', `/uploads/${open}`)
        } else {
          sending.hidden = true
          input.value = ''
          return
        }
      }
      // The key keeps an answer that was lost on the way from making two plans.
      const key = `${print.slice(-24)}-${Date.now()}`
      const wish = { filename: f.name, size: f.size }
      plan =
        plan || (await insist(() => ask<Plan>('POST', `/lessons/${box.dataset.lesson}/uploads`, wish, key)))
      if (signal.aborted) return
      localStorage.setItem(`upload-${plan.id}`, print)
      Object.assign(box.dataset, { upload: plan.id, name: f.name, size: String(f.size) })
      const note = part('[data-resume]')
      if (note) note.hidden = true
      file = f
      await send(plan, f)
    } catch (e) {
      refuse(e)
    }
  }

  input.addEventListener('change', choose)
  pause.onclick = () => {
    halt()
    show(fill('paused'))
    detail.textContent = ''
    pause.hidden = true
    again.hidden = false
  }
  again.onclick = () => {
    if (file && plan) void send(plan, file)
  }
  part('[data-cancel]').onclick = async () => {
    halt()
    const id = plan?.id
    plan = file = undefined
    input.value = ''
    sending.hidden = true
    delete box.dataset.upload
    if (id) await ask('DELETE', `/uploads/${id}`).catch(() => fault(fill('failed')))
  }
  addEventListener('beforeunload', e => {
    if (flying) {
      e.preventDefault()
      e.returnValue = fill('leave')
    }
  })
}

const tus = { 'Tus-Resumable': '1.0.0' }

/** Tells files apart without reading them whole: size, first and last MiB. */
async function fingerprint(f: File): Promise<string> {
  // Only pages on https or on this machine may hash; elsewhere name and date.
  if (!window.crypto?.subtle) return `${f.size} ${f.name} ${f.lastModified}`
  const mib = 1 << 20
  const ends = new Blob([f.slice(0, mib), f.slice(Math.max(mib, f.size - mib))])
  const bytes = await new Response(ends).arrayBuffer()
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return `${f.size} ${Array.from(hash, b => b.toString(16).padStart(2, '0')).join('')}`
}
