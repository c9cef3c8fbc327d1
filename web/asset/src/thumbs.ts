// "Understood / not yet" without leaving the page, so that the lesson plays
// on. Whatever goes wrong, the form is sent the plain way.
for (const form of document.querySelectorAll<HTMLFormElement>('form.thumb')) {
  form.addEventListener('submit', e => {
    const pressed = e.submitter as HTMLButtonElement | null
    if (!pressed) return
    e.preventDefault()
    const body = new URLSearchParams({
      chapter: form.querySelector('input')?.value || '',
      said: pressed.value,
    })
    const plainly = () => {
      const said = document.createElement('input')
      said.type = 'hidden'
      said.name = 'said'
      said.value = pressed.value
      form.append(said)
      form.submit()
    }
    fetch(form.action, { method: 'POST', body, redirect: 'manual' }).then(r => {
      if (r.type !== 'opaqueredirect') return plainly()
      for (const b of form.querySelectorAll('button')) b.setAttribute('aria-pressed', String(b === pressed))
    }, plainly)
  })
}
