// Big keys below the field for a check-in code, with only the letters that a
// code can have. They show where people type with their fingers; the phone's own
// keyboard stays away until somebody asks for it. Without this the field is a
// field like any other.
const keys = document.querySelector<HTMLElement>('.code-keys')
const field = document.querySelector<HTMLInputElement>('.code-field')
if (keys && field && matchMedia('(pointer: coarse)').matches) {
  const length = 6
  const plain = () => field.value.replace(/[\s.-]/g, '')
  field.inputMode = 'none'
  // Below a guide they would stand in the way of who came for the guide.
  if (field.closest('.code-card') && !field.value) {
    const open = () => {
      if (field.inputMode === 'none') keys.hidden = false
    }
    field.addEventListener('focus', open)
    field.addEventListener('click', open)
  } else keys.hidden = false
  keys.addEventListener('click', e => {
    const b = (e.target as HTMLElement).closest('button')
    if (!b) return
    if (b.dataset.key === 'own') {
      keys.hidden = true
      field.inputMode = 'text'
      field.focus()
    } else if (b.dataset.key === 'back') {
      field.value = plain().slice(0, -1)
    } else if (plain().length < length) {
      field.value = plain() + b.value
    }
  })
}
