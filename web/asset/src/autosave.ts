// Keeps what is being typed about a lesson: a reload brings it back, and of a
// lesson that only its teacher sees it is saved a moment after the typing ends.
// It is kept for this tab alone, because school computers are shared.
const wait = 1500

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-typed]')) keep(form)

function keep(form: HTMLFormElement): void {
  const key = `typed:${form.dataset.typed}`
  const words = JSON.parse(form.dataset.say || '{}') as Record<string, string>
  const note = form.querySelector<HTMLElement>('[data-saved]')
  const say = (word: string) => {
    if (note) note.textContent = (words[word] || '').replace('{at}', clock())
  }
  const fields = () =>
    ([...form.elements] as HTMLInputElement[]).filter(
      e => e.name && e.type !== 'hidden' && e.type !== 'radio' && e.tagName !== 'BUTTON',
    )
  const typed = () => Object.fromEntries(fields().map(e => [e.name, e.value]))
  const first = JSON.stringify(typed())
  // A form that came back with an error holds what was typed already.
  const old = form.querySelector('[aria-invalid]') ? null : sessionStorage.getItem(key)
  if (old && old !== first) {
    const values = JSON.parse(old) as Record<string, string>
    for (const e of fields()) e.value = values[e.name] ?? e.value
    say('restored')
  }
  let timer = 0
  const store = () => {
    try {
      sessionStorage.setItem(key, JSON.stringify(typed()))
    } catch {
      // no space in this tab: the form itself still holds it
    }
  }
  async function save(): Promise<void> {
    const v = typed()
    say('saving')
    const body = { ...v, grade: Number(v.grade) || 0, week: Number(v.week) || 0 } as Record<string, unknown>
    delete body.teacher
    try {
      const answer = await fetch(`/api/v1/lessons/${form.dataset.typed}`, {
        method: 'PATCH',
        credentials: 'same-origin',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
      if (!answer.ok) return say('waiting') // half a word may not be a title yet
      if (JSON.stringify(typed()) === JSON.stringify(v)) sessionStorage.removeItem(key)
      say('saved')
    } catch {
      say('waiting')
      timer = window.setTimeout(save, 10 * wait)
    }
  }
  form.addEventListener('input', () => {
    store()
    window.clearTimeout(timer)
    if (form.dataset.save !== undefined) timer = window.setTimeout(save, wait)
  })
  form.addEventListener('submit', () => {
    window.clearTimeout(timer)
    sessionStorage.removeItem(key)
  })
}

function clock(): string {
  const t = new Date()
  return `${String(t.getHours()).padStart(2, '0')}:${String(t.getMinutes()).padStart(2, '0')}`
}
