// What the parts of the player share: the page's element, its words, and what
// this device remembers.

/** The page's player: the section that holds the video and the facts about it. */
export interface Stage {
  root: HTMLElement
  video: HTMLVideoElement
  /** A fact from the page: data-lesson, data-hls ... */
  fact(name: string): string
  /** Makes the source ready to play and resolves when it is. */
  ensure(): Promise<void>
  /** Says what is happening; "" when all is well. */
  say(word: string, value?: string): void
  /** What the student chose to be played: "auto", "saver", a height, "sound". */
  choice: string
  /** The number of the language that is spoken, and its rendition; 0: the first. */
  spoken: number
  rung: string
  /** Tells the engine which language is to be spoken. */
  speak?(): void
  /** Holds the engine to the choice, before it fetches anything. */
  cap?(): void
  /** Takes up the source again where it is: another file or playlist. */
  reload(): void
  /** Where the lesson stands, also while there is no source, in seconds. */
  at(): number
  /** Bytes that the engine has received. */
  bytes: number
  /** Why nothing more may be fetched; "" while it may. */
  held: string
  /** Stops fetching for a reason, or with "" lets it go on; it does not play by itself. */
  hold(why: string): void
  engine?: Engine
}

/** The little that is used of hls.js. */
export interface Engine {
  levels: { height: number; bitrate: number }[]
  autoLevelCapping: number
  bandwidthEstimate: number
  capLevelToPlayerSize: boolean
  audioTracks?: { name: string }[]
  audioTrack?: number
  destroy(): void
  startLoad(at?: number): void
  stopLoad(): void
  on(event: string, fn: (event: string, data: never) => void): void
}

/** Reads what this device remembers; private windows may forbid it. */
export function recall(key: string): string {
  try {
    return localStorage.getItem(`lenlop-${key}`) || ''
  } catch {
    return ''
  }
}

/** Remembers on this device; "" forgets. */
export function keep(key: string, value: string): void {
  try {
    if (value) localStorage.setItem(`lenlop-${key}`, value)
    else localStorage.removeItem(`lenlop-${key}`)
  } catch {
    // A full or forbidden store costs comfort, not the lesson.
  }
}

/** 4:05 or 1:04:05. */
export function clock(seconds: number): string {
  const s = Math.round(seconds)
  const two = (n: number) => String(n).padStart(2, '0')
  const minutes = Math.floor(s / 60)
  return minutes < 60
    ? `${minutes}:${two(s % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`
}

/** Whether this device wants bytes spared: chosen here, or said by the browser. */
export function thrifty(): boolean {
  const line = (navigator as { connection?: { saveData?: boolean } }).connection
  return (recall('quality') || (line?.saveData ? 'saver' : '')) === 'saver'
}
