// A time left that does not jump: the rate is smoothed over some twenty
// seconds, the estimate runs down like a clock and is only nudged towards the
// new one, and people are told whole minutes.

/** The word for a time left and the facts it is filled with. */
export type Left = [word: string, facts: Record<string, string>]

/** In words: under a minute, minutes, hours and tens of minutes. */
export function leftWords(seconds: number): Left {
  if (seconds < 60) return ['left_seconds', {}]
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 60) return ['left_minutes', { n: String(minutes) }]
  return [
    'left_hours',
    { h: String(Math.floor(minutes / 60)), n: String(Math.floor((minutes % 60) / 10) * 10) },
  ]
}

/** An estimator: told what is done of what, about once a second. */
export function timeLeft(now: () => number = () => performance.now() / 1000) {
  let rate = 0 // a second
  let left = 0 // seconds
  let last = now()
  let before = -1
  let told = 0
  return (done: number, all: number): Left | undefined => {
    const t = now()
    const dt = t - last
    if (before < 0 || done < before) {
      before = done // the start, or a part that must be sent again
      last = t
      return undefined
    }
    if (dt < 0.5) return left ? leftWords(left) : undefined
    const fresh = (done - before) / dt
    const weight = Math.min(1, dt / 20)
    rate = told ? rate + (fresh - rate) * Math.max(weight, 1 / (told + 1)) : fresh
    before = done
    last = t
    told++
    if (rate <= 0) return undefined
    const straight = (all - done) / rate
    left = told > 5 ? Math.max(0, left - dt) + (straight - Math.max(0, left - dt)) * 0.1 : straight
    return told < 4 ? undefined : leftWords(left)
  }
}
