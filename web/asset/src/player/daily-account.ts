// A family's limit for a day: what was spent of it on this device. Pure but for
// the store and the clock, which come in.
import type { Span } from './heartbeat-state'

/** A day's account: the local date, bytes received, and bytes allowed beyond the limit for this day. */
export interface Day {
  day: string
  bytes: number
  more: number
}

/** The local date, 2020-04-15. */
export function dayOf(now: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
}

/** The account of today from what is remembered; another day's is over. */
export function today(text: string, now: Date): Day {
  const fresh = { day: dayOf(now), bytes: 0, more: 0 }
  try {
    const d = JSON.parse(text || 'null') as Day | null
    return d?.day === fresh.day && d.bytes >= 0 && d.more >= 0 ? d : fresh
  } catch {
    return fresh
  }
}

/** Bytes left of a limit in MB. */
export const left = (limit: number, d: Day): number => Math.max(0, limit * 1e6 + d.more - d.bytes)

/** Seconds that stand in the new stretches and not in the old ones: what a file's player has received since. */
export function gained(old: Span[], now: Span[]): number {
  let sum = 0
  for (const [from, to] of now) {
    sum += to - from
    for (const [a, b] of old) sum -= Math.max(0, Math.min(to, b) - Math.max(from, a))
  }
  return Math.max(0, sum)
}

/** Reads and adds to the account, so that two pages on one device share it. */
export class Account {
  constructor(
    private read: () => string,
    private write: (text: string) => void,
    private now: () => Date,
  ) {}

  today(): Day {
    return today(this.read(), this.now())
  }

  add(bytes: number, more = 0): Day {
    const d = this.today()
    const next = { day: d.day, bytes: d.bytes + Math.round(bytes), more: d.more + Math.round(more) }
    if (bytes || more) this.write(JSON.stringify(next))
    return next
  }
}
