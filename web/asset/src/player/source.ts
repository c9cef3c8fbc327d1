// Which of a lesson's addresses a player takes. Pure.
import { shortEnough } from './connection'

/** What decides it. */
export interface Wish {
  /** "auto", "saver", "sound", or the most lines a picture may have. */
  choice: string
  /** The number of the language that is spoken; 0: the first. */
  spoken: number
  /** The rendition of that language: the name of its playlist. */
  rung: string
  /** Whether the browser can feed an engine. */
  engines: boolean
  /** A fact from the page: data-hls, data-file-saver ... */
  fact: (name: string) => string
}

/**
 * The one file that the browser plays by itself, once it is made; "": none, an
 * engine is needed. It speaks the first language only. With an engine at hand,
 * long lessons are better played in pieces.
 */
export function plainFile(w: Wish): string {
  const { choice } = w
  if (w.spoken || (choice !== 'sound' && choice !== 'saver')) return ''
  if (w.engines && !shortEnough(Number(w.fact('duration')), choice)) return ''
  return w.fact(choice === 'sound' ? 'fileSound' : 'fileSaver')
}

/** The address to play. Sound alone is a playlist of its own: engines leave it out of the others. */
export function address(w: Wish): string {
  const sound = w.fact('sound')
  const list = w.spoken ? sound.replace(/[a-z0-9]+(?=\.m3u8)/, w.rung) : sound
  return plainFile(w) || (w.choice === 'sound' && list) || w.fact('hls')
}
