// Sends a recording straight to storage, in parts, over lines that break. The
// server holds the plan: after a reload, or on another device, choosing the
// same file goes on with the parts that are still missing.
import { timeLeft } from './staff/left'

interface Problem {
  status: number
  detail?: string
  code?: string
}

interface Plan {
  id: string
  partSize: number
  partCount: number
}

interface Signed {
  number: number
  method: string
  url: string
  headers: Record<string, string>
  expiresAt: string
}

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
  let running = 0 // a new number ends every lane of the run before
  let flying = new Map<number, XMLHttpRequest>()

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

  /** Runs a step until it succeeds: waits while offline and backs off when the
   * line or the server is weak. A refusal ends it. */
  async function insist<T>(run: number, step: () => Promise<T>): Promise<T> {
    for (let n = 0; ; n++) {
      if (run !== running) throw stopped
      try {
        return await step()
      } catch (e) {
        const code = (e as Problem)?.status || 0
        if (run !== running) throw stopped
        if (e === weak) throw e
        if (code >= 400 && code < 500 && code !== 408 && code !== 429) throw e
        if (navigator.onLine) {
          show(fill('waiting'))
          await new Promise(f => setTimeout(f, Math.min(30, 2 ** n) * 1000 * (0.5 + Math.random() / 2)))
        } else {
          show(fill('offline'))
          detail.textContent = ''
          await new Promise(f => addEventListener('online', f, { once: true }))
        }
      }
    }
  }

  /** One part by XMLHttpRequest, because fetch does not tell how much has gone. */
  function put(s: Signed, blob: Blob, went: (bytes: number) => void): Promise<void> {
    return new Promise((done, fail) => {
      const x = new XMLHttpRequest()
      let idle = 0
      // A line that went silent without a word: give up and send again.
      const alive = () => {
        clearTimeout(idle)
        idle = window.setTimeout(() => x.abort(), 45_000)
      }
      x.open(s.method, s.url)
      for (const [k, v] of Object.entries(s.headers)) {
        if (!/^(host|content-length)$/i.test(k)) x.setRequestHeader(k, v)
      }
      x.upload.onprogress = e => {
        alive()
        went(e.loaded)
      }
      x.onloadend = () => {
        clearTimeout(idle)
        flying.delete(s.number)
        if (x.status >= 200 && x.status < 300) done()
        else {
          went(0)
          // 403: the address has run out; a new one is asked for.
          fail({ status: x.status === 403 ? 0 : x.status })
        }
      }
      flying.set(s.number, x)
      alive()
      x.send(blob)
    })
  }

  /** From where the server has no more: asked, and told after every step. */
  async function kept(p: Plan): Promise<number> {
    const answer = await fetch(`${api}/tus/${p.id}`, {
      method: 'HEAD',
      headers: tus,
      credentials: 'same-origin',
    })
    if (!answer.ok) throw { status: answer.status }
    return Number(answer.headers.get('Upload-Offset'))
  }

  /** For lines on which no part gets through: whatever arrives of a step is
   * kept, and the next goes on behind it. */
  async function steps(run: number, p: Plan, f: File, gone: Map<number, number>): Promise<void> {
    let at = -1
    for (let n = 0; ; ) {
      const now = await insist(run, () => kept(p))
      gone.clear()
      gone.set(0, now)
      if (now === f.size) return
      // Only a line that brings nothing at all is given time to recover.
      n = now > at ? 0 : n + 1
      if (n) await new Promise(f => setTimeout(f, Math.min(30, 2 ** n) * 500))
      at = now
      const headers = {
        ...tus,
        'Upload-Offset': String(at),
        'Content-Type': 'application/offset+octet-stream',
      }
      const s = { number: 0, method: 'PATCH', url: `${api}/tus/${p.id}`, headers, expiresAt: '' }
      try {
        await put(s, f.slice(at, at + p.partSize), b => gone.set(0, at + b))
      } catch (e) {
        const code = (e as Problem).status
        if (run !== running) throw stopped
        if (code > 400 && code < 500 && code !== 408 && code !== 409 && code !== 429) throw e
      }
    }
  }

  async function send(): Promise<void> {
    let run = ++running
    let small = false
    const p = plan as Plan
    const f = file as File
    sending.hidden = false
    pause.hidden = false
    again.hidden = true
    fault('')
    const length = (n: number) => Math.min(p.partSize, f.size - (n - 1) * p.partSize)
    const gone = new Map<number, number>() // bytes by part
    const left = timeLeft()
    let finished = false
    const tell = () => {
      if (run !== running || finished || !navigator.onLine) return
      let sum = 0
      for (const n of gone.values()) sum += n
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
      // What storage really has decides, not what this page remembers.
      for (;;) {
        const held = await insist(run, () =>
          ask<{ received: { number: number; size: number }[]; status: string }>('GET', `/uploads/${p.id}`),
        )
        if (held.status === 'complete') break
        gone.clear()
        for (const r of held.received) if (r.size === length(r.number)) gone.set(r.number, r.size)
        const missing: number[] = []
        for (let n = 1; n <= p.partCount; n++) if (!gone.has(n)) missing.push(n)
        tell()
        try {
          await (small ? steps(run, p, f, gone) : lanes(run, p, f, missing, gone, length))
        } catch (e) {
          if (e !== weak) throw e
          halt()
          run = running
          small = true
          continue
        }
        if (small) continue
        show(fill('joining'))
        detail.textContent = ''
        finished = true
        try {
          await insist(run, () => ask('POST', `/uploads/${p.id}/complete`, {}))
          break
        } catch (e) {
          if ((e as Problem).code !== 'upload.part_missing') throw e
          finished = false
        }
      }
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

  /** Two or three parts at a time until none is missing. */
  async function lanes(
    run: number,
    p: Plan,
    f: File,
    missing: number[],
    gone: Map<number, number>,
    length: (n: number) => number,
  ): Promise<void> {
    const signed = new Map<number, Signed>()
    let asking: Promise<void> | undefined
    const sign = async (n: number): Promise<Signed> => {
      const s = signed.get(n)
      if (s && Date.parse(s.expiresAt) > Date.now() + 60_000) return s
      asking =
        asking ||
        ask<{ parts: Signed[] }>('POST', `/uploads/${p.id}/parts`, { numbers: [n, ...missing.slice(0, 7)] })
          .then(a => {
            for (const x of a.parts) signed.set(x.number, x)
          })
          .finally(() => {
            asking = undefined
          })
      await asking
      return signed.get(n) || sign(n)
    }
    const lane = async () => {
      for (let n = missing.shift(); n; n = missing.shift()) {
        const number = n
        const from = (number - 1) * p.partSize
        let broke = 0
        await insist(run, async () => {
          const s = await sign(number)
          if (run !== running) throw stopped
          signed.delete(number)
          await put(s, f.slice(from, from + length(number)), b =>
            gone.set(number, Math.min(b, length(number))),
          ).catch((e: Problem) => {
            throw !e.status && navigator.onLine && ++broke === 2 ? weak : e
          })
          gone.set(number, length(number))
        })
      }
    }
    const line = (navigator as { connection?: { effectiveType?: string } }).connection?.effectiveType || ''
    await Promise.all(Array.from({ length: /2g/.test(line) ? 2 : 3 }, lane))
  }

  /** Ends a run that was refused, in the server's words. */
  function refuse(e: unknown): void {
    if (e === stopped) return
    halt()
    sending.hidden = true
    fault((e as Problem).detail || fill('failed'))
  }

  function halt(): void {
    running++
    for (const x of flying.values()) x.abort()
    flying = new Map()
  }

  async function choose(): Promise<void> {
    const f = input.files?.[0]
    if (!f) return
    halt()
    const run = running
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
          plan = await insist(run, () => ask<Plan>('GET', `/uploads/${open}`)).catch((e: Problem) => {
            // Storage has forgotten it, or it ran out: begin anew.
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
        plan ||
        (await insist(run, () => ask<Plan>('POST', `/lessons/${box.dataset.lesson}/uploads`, wish, key)))
      localStorage.setItem(`upload-${plan.id}`, print)
      Object.assign(box.dataset, { upload: plan.id, name: f.name, size: String(f.size) })
      const note = part('[data-resume]')
      if (note) note.hidden = true
      file = f
      await send()
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
    if (file && plan) send()
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
    if (flying.size) {
      e.preventDefault()
      e.returnValue = fill('leave')
    }
  })
}

/** Thrown when a part broke off twice: the line is too weak for whole parts. */
const weak = {}

const tus = { 'Tus-Resumable': '1.0.0' }

/** Thrown when a run was paused or another file chosen; nobody is told. */
const stopped = {}

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
