// The index of a storyboard: which part of one large picture belongs to which
// time of the lesson. Pure.

/** One small picture: seconds, and its place in the large one in pixels. */
export interface Shot {
  at: number
  x: number
  y: number
  width: number
  height: number
}

/** Reads the index that production wrote: WebVTT with one address#xywh= a time. */
export function shots(vtt: string): { picture: string; all: Shot[] } {
  let picture = ''
  const all: Shot[] = []
  const cue = /(\d+):(\d\d):(\d\d\.\d{3}) -->[^\n]*\n([^\n#]+)#xywh=(\d+),(\d+),(\d+),(\d+)/g
  for (let m = cue.exec(vtt); m; m = cue.exec(vtt)) {
    const n = (i: number) => Number(m?.[i])
    picture = m[4] || ''
    all.push({ at: n(1) * 3600 + n(2) * 60 + n(3), x: n(5), y: n(6), width: n(7), height: n(8) })
  }
  return { picture, all }
}

/** Moments to go to when no pictures may be fetched: at most thirty, ten seconds apart or more. */
export function moments(seconds: number): number[] {
  const every = Math.max(10, Math.ceil(seconds / 30))
  const out: number[] = []
  for (let at = 0; at < Math.max(1, seconds); at += every) out.push(at)
  return out
}

/** The number of the last one that has begun at a time; -1: none. */
export function current(begins: number[], at: number): number {
  let n = -1
  while (n + 1 < begins.length && (begins[n + 1] as number) <= at + 0.01) n++
  return n
}

/** Fills a spoken name, "{m} phút {s} giây"; without minutes the second form is used. */
export function spoken(words: string, short: string, at: number): string {
  const s = Math.round(at)
  return (s < 60 ? short : words).replace('{m}', String(Math.floor(s / 60))).replace('{s}', String(s % 60))
}
