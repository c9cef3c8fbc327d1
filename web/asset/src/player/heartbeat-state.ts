// What was played in one playback session: media intervals, merged, and the
// total of seconds, replays included. Pure: positions and clocks come in as
// numbers, so that tests need no player.

/** A stretch of media time that was played, in seconds. */
export type Span = [number, number]

/** One report of a session's state so far; the server merges it, so any retry is harmless. */
export interface Heartbeat {
  token: string
  sequence: number
  played: Span[]
  seconds: number
  position: number
  rate: number
  sentAt: string
}

/** Beyond this many stretches the server refuses; a session starts again before. */
export const maxSpans = 1500

/** Adds a stretch to sorted, separate ones. Touching ones become one. */
export function merge(spans: Span[], [from, to]: Span): Span[] {
  const out: Span[] = []
  let at = from
  let end = to
  for (const s of spans) {
    if (s[1] < at || s[0] > end) {
      out.push(s)
    } else {
      at = Math.min(at, s[0])
      end = Math.max(end, s[1])
    }
  }
  out.push([at, end])
  return out.sort((a, b) => a[0] - b[0])
}

const round = (n: number) => Math.round(n * 1000) / 1000

/** Follows a player's clock and keeps what was really played. */
export class Tracker {
  played: Span[] = []
  seconds = 0
  sequence = 0
  private at = -1
  private when = 0

  /** Playing goes on from a position at a moment (milliseconds of any steady clock). */
  start(position: number, now: number): void {
    this.at = position
    this.when = now
  }

  /**
   * The player stands at a position. What lies between counts when the clock
   * allows it: a jump is a seek, not playing. The allowance covers a rate that
   * changed since, and the player's own coarse clock.
   */
  tick(position: number, rate: number, now: number): void {
    if (this.at < 0) return
    const moved = position - this.at
    const possible = ((now - this.when) / 1000) * Math.max(rate, 1) * 1.2 + 0.5
    if (moved > 0 && moved <= possible) {
      this.played = merge(this.played, [this.at, position])
      this.seconds += moved
    }
    this.start(position, now)
  }

  /** Playing stopped: paused, sought, starved or ended. */
  stop(position: number, rate: number, now: number): void {
    this.tick(position, rate, now)
    this.at = -1
  }

  /** Whether the clock is being followed. */
  get running(): boolean {
    return this.at >= 0
  }

  /** The state so far, to send. */
  beat(token: string, position: number, rate: number, sentAt: Date): Heartbeat {
    this.sequence++
    return {
      token,
      sequence: this.sequence,
      played: this.played.map(([from, to]): Span => [round(from), round(to)]),
      seconds: round(this.seconds),
      position: round(position),
      rate,
      sentAt: sentAt.toISOString(),
    }
  }
}

/** Thirty minutes without playing end a visit. */
export const idleMinutes = 30

/** Whether a session that began under a local day must give way to a new one. */
export function stale(now: number, lastPlayed: number, dayEnds: number, spans: number): boolean {
  return now >= dayEnds || now - lastPlayed > idleMinutes * 60_000 || spans > maxSpans
}

/** Seconds to wait before try n (from 0): 5, 10, 20, 40, then 60, each with up to a fifth more. */
export function backoff(n: number, random: number): number {
  return Math.min(60, 5 * 2 ** n) * (1 + random / 5)
}
