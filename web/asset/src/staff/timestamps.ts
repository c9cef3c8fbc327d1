// Times in a lesson as people write them. Pure.

/** 12:30, 1:02:30 or 95.5 as seconds; -1 when it is none. */
export function seconds(text: string): number {
  const parts = text.trim().replace(',', '.').split(':')
  if (
    parts.length > 3 ||
    !parts.every((p, i) => (i === parts.length - 1 ? /^\d{1,5}(\.\d{1,3})?$/ : /^\d{1,3}$/).test(p))
  )
    return -1
  if (parts.slice(1).some(p => Number(p) >= 60)) return -1
  return parts.reduce((sum, p) => sum * 60 + Number(p), 0)
}

/** 12:30 or 1:02:30; exact ones have thousandths: 12:30.250. */
export function stamp(at: number, exact: boolean): string {
  const ms = exact ? Math.round(at * 1000) : Math.floor(at) * 1000
  const two = (n: number) => String(n).padStart(2, '0')
  const s = Math.floor(ms / 1000)
  const minutes = Math.floor(s / 60)
  const text =
    minutes < 60
      ? `${minutes}:${two(s % 60)}`
      : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`
  return exact ? `${text}.${String(ms % 1000).padStart(3, '0')}` : text
}
