// Notices a line that went silent without an error: something was asked for, and
// nothing came for a while. Pure: looked at once a second.

/** Seconds of silence before the first new request; each further one waits twice as long, up to most. */
const first = 10
const most = 40

/** What a player has received so far, and whether it waits for more. */
export interface Look {
  /** Grows with every byte or second that arrives. */
  received: number
  /** Something was asked for and is not there yet. */
  wanting: boolean
  /** A new request is planned already, or none may be made. */
  held: boolean
}

/** Follows one player. */
export class StallWatch {
  private seen = 0
  private quiet = 0
  private patience = first

  /** Whether it is time to ask again. */
  look({ received, wanting, held }: Look): boolean {
    const came = received !== this.seen
    this.seen = received
    if (came) this.patience = first
    if (came || !wanting || held) {
      this.quiet = 0
      return false
    }
    if (++this.quiet < this.patience) return false
    this.quiet = 0
    this.patience = Math.min(most, this.patience * 2)
    return true
  }
}
