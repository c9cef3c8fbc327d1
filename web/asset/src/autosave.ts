// Keeps what is being typed about a lesson: a reload brings it back, and of a
// lesson that only its teacher sees it is saved a moment after the typing ends.
// It is kept for this tab alone, because school computers are shared. Only what
// was changed here is saved, and nothing once another tab has changed the text:
// the form itself then shows both.
const wait = 1500

type Values = Record<string, string>

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-typed]')) keep(form)

function keep(form: HTMLFormElement): void {
  const key = `typed:${form.dataset.typed}`
  const words = JSON.parse(form.dataset.say || '{}') as Values
  const note = form.querySelector<HTMLElement>('[data-saved]')
  const shown = form.querySelector<HTMLInputElement>('input[name=shown]')
  const say = (word: string) => {
    if (note) note.textContent = (words[word] || '').replace('{at}', clock())
  }
  const fields = () =>
    ([...form.elements] as HTMLInputElement[]).filter(
      e => e.name && e.type !== 'hidden' && e.type !== 'radio' && e.tagName !== 'BUTTON',
    )
  const typed = (): Values => Object.fromEntries(fields().map(e => [e.name, e.value]))
  // The form tells the server what it had shown, to know what was changed here.
  const showed = (name: string, value: string) => {
    if (!shown) return
    const list = new URLSearchParams(shown.value)
    list.set(name, mark(value))
    shown.value = list.toString()
  }
  let base = typed() // what is stored, as far as this tab knows
  let version = form.dataset.version || ''
  let stopped = form.dataset.save === undefined
  // A form that came back with an error holds what was typed already.
  const old = form.querySelector('[aria-invalid]') ? null : sessionStorage.getItem(key)
  if (old) restore(JSON.parse(old) as { values: Values; base: Values } | Values)
  let timer = 0
  let busy = false

  function restore(kept: { values: Values; base: Values } | Values): void {
    const whole = typeof kept.values === 'object'
    const values = (whole ? kept.values : kept) as Values
    const before = (whole ? kept.base : base) as Values
    let some = false
    for (const e of fields()) {
      const value = values[e.name]
      if (value === undefined || value === before[e.name] || value === e.value) continue
      e.value = value
      some = true
      if (before[e.name] === base[e.name]) continue
      showed(e.name, before[e.name] ?? '') // changed elsewhere since it was typed
      stopped = true
    }
    if (some) say('restored')
  }
  const store = () => {
    try {
      sessionStorage.setItem(key, JSON.stringify({ values: typed(), base }))
    } catch {
      // no space in this tab: the form itself still holds it
    }
  }
  const later = (delay: number) => {
    window.clearTimeout(timer)
    if (!stopped) timer = window.setTimeout(save, delay)
  }
  async function save(): Promise<void> {
    if (busy) return later(wait)
    const now = typed()
    const changed = Object.fromEntries(
      Object.entries(now).filter(([k, v]) => k !== 'teacher' && v !== base[k]),
    )
    const body: Record<string, unknown> = { ...changed }
    for (const k of ['grade', 'week']) if (k in body) body[k] = Number(body[k]) || 0
    say('saving')
    busy = true
    try {
      const answer = await fetch(`/api/v1/lessons/${form.dataset.typed}`, {
        method: 'PATCH',
        credentials: 'same-origin',
        headers: { 'Content-Type': 'application/json', ...(version ? { 'If-Match': version } : {}) },
        body: JSON.stringify(body),
      })
      if (answer.status === 412) {
        stopped = true
        return say('changed')
      }
      if (!answer.ok) return say('waiting') // half a word may not be a title yet
      version = answer.headers.get('ETag') || version
      base = { ...base, ...changed }
      for (const [name, value] of Object.entries(changed)) showed(name, value)
      if (JSON.stringify(typed()) === JSON.stringify(now)) sessionStorage.removeItem(key)
      say('saved')
    } catch {
      say('waiting')
      later(10 * wait)
    } finally {
      busy = false
    }
  }
  form.addEventListener('input', () => {
    store()
    later(wait)
  })
  form.addEventListener('submit', () => {
    window.clearTimeout(timer)
    sessionStorage.removeItem(key)
  })
}

/** Stands for a long value, as mark of web/page/stored.go makes it. */
function mark(value: string): string {
  const plain = value.replace(/\r\n/g, '\n').trim()
  if ([...plain].length <= 64) return plain
  const bytes = new TextEncoder().encode(plain)
  return `#${sum(bytes, 0x811c9dc5)}${sum(bytes, 0x050c5d1f)}`
}

/** FNV-1a in 32 bits from a start, in hexadecimal. */
function sum(bytes: Uint8Array, start: number): string {
  let hash = start
  for (const b of bytes) hash = Math.imul(hash ^ b, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

function clock(): string {
  const t = new Date()
  return `${String(t.getHours()).padStart(2, '0')}:${String(t.getMinutes()).padStart(2, '0')}`
}
