// More rows in an editor without asking the server: the last row is copied,
// emptied and numbered on. Leaving with rows that were not saved is asked about.
const form = document.querySelector<HTMLFormElement>('form.rows')
const list = form?.querySelector('ol')
if (form && list) {
  let changed = false
  form.addEventListener('input', () => {
    changed = true
  })
  form.addEventListener('submit', () => {
    changed = false
  })
  addEventListener('beforeunload', e => {
    if (changed) e.preventDefault()
  })
  form.querySelector<HTMLButtonElement>('button[name=more]')?.addEventListener('click', e => {
    const last = list.lastElementChild
    if (!last) return
    e.preventDefault()
    const n = String(list.children.length)
    const row = last.cloneNode(true) as HTMLElement
    row.classList.remove('bad')
    for (const wrong of row.querySelectorAll('.wrong')) wrong.remove()
    for (const el of row.querySelectorAll<HTMLElement>('*')) {
      for (const name of ['id', 'name', 'for', 'data-moment', 'data-go']) {
        const value = el.getAttribute(name)
        if (value) el.setAttribute(name, value.replace(/-\d+$/, `-${n}`))
      }
      if (el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement) {
        el.value = ''
        el.removeAttribute('aria-invalid')
        el.removeAttribute('aria-describedby')
      }
    }
    list.append(row)
    row.querySelector('input')?.focus()
    dispatchEvent(new Event('rows'))
  })
}
