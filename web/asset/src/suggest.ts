// Search as you type: a list of lessons below the search box. Without it the
// form still works; it is the ARIA combobox pattern, so that keys and screen
// readers know it.

interface Suggestion {
  text: string
  lessonId: string
  subject: string
  grade: number
  teacher: string
  school?: string
}

const pause = 150 // milliseconds of quiet before asking: a phone's typing speed

for (const input of document.querySelectorAll<HTMLInputElement>('input[data-suggest]')) attach(input)

function attach(input: HTMLInputElement): void {
  const list = document.createElement('ul')
  list.className = 'suggestions'
  list.id = `${input.id}-suggestions`
  list.hidden = true
  list.setAttribute('role', 'listbox')
  list.setAttribute('aria-label', input.dataset.label || '')
  input.after(list)
  input.setAttribute('role', 'combobox')
  input.setAttribute('aria-autocomplete', 'list')
  input.setAttribute('aria-controls', list.id)
  input.setAttribute('aria-expanded', 'false')
  input.autocomplete = 'off'

  let timer = 0
  let asked = ''
  let chosen = -1
  let request: AbortController | undefined

  const open = (yes: boolean) => {
    list.hidden = !yes
    input.setAttribute('aria-expanded', String(yes))
    if (!yes) choose(-1)
  }
  const choose = (i: number) => {
    chosen = i
    for (const [n, li] of Array.from(list.children).entries())
      li.setAttribute('aria-selected', String(n === i))
    const li = list.children[i]
    if (li) input.setAttribute('aria-activedescendant', li.id)
    else input.removeAttribute('aria-activedescendant')
  }
  const show = (items: Suggestion[]) => {
    list.textContent = ''
    items.forEach((s, n) => {
      const li = document.createElement('li')
      li.id = `${list.id}-${n}`
      li.setAttribute('role', 'option')
      const a = document.createElement('a')
      a.href = `/lessons/${encodeURIComponent(s.lessonId)}`
      a.tabIndex = -1
      a.textContent = s.text
      const small = document.createElement('span')
      small.className = 'small hint'
      const grade = (input.dataset.grade || '').replace('{n}', String(s.grade))
      small.textContent = [grade, s.teacher, s.school].filter(Boolean).join(' · ')
      a.append(' ', small)
      li.append(a)
      list.append(li)
    })
    choose(-1)
    open(items.length > 0 && document.activeElement === input)
  }
  const ask = async () => {
    const q = input.value.trim()
    if (q === asked) return
    asked = q
    request?.abort()
    if (q.length < 2) return show([])
    request = new AbortController()
    try {
      const r = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(q)}`, { signal: request.signal })
      if (r.ok && q === asked) show(((await r.json()) as { items: Suggestion[] }).items)
    } catch {
      // Offline or overtaken by the next letter: the form still searches.
    }
  }
  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = window.setTimeout(ask, pause)
  })
  input.addEventListener('keydown', e => {
    const n = list.children.length
    if (e.key === 'Escape') open(false)
    else if (n && !list.hidden && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
      e.preventDefault()
      choose(e.key === 'ArrowDown' ? (chosen + 1) % n : (chosen <= 0 ? n : chosen) - 1)
    } else if (e.key === 'Enter' && chosen >= 0 && !list.hidden) {
      e.preventDefault()
      list.children[chosen]?.querySelector('a')?.click()
    }
  })
  // Late, so that a tap on the list still lands.
  input.addEventListener('blur', () => setTimeout(() => open(false), 200))
  input.addEventListener('focus', () => open(list.children.length > 0))
}
