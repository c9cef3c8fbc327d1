// How a player waits for a line that has gone. Pure.

/** Seconds before try n (from 0): 1, 2, 4, 8, then 15, a quarter more or less, so that a school's players do not all ask at once. */
export const delay = (n: number, random: number): number => Math.min(15, 2 ** n) * (0.75 + random / 2)

/** Whether an answer's status is one that asking again cannot change; 0: there was no answer. */
export const final = (status: number): boolean => status >= 400 && status < 500 && status !== 429

/** The engine's rules for one kind of request: it goes on trying, ever more slowly, until the answer is final. */
export function patient(random: number): object {
  const retry = {
    maxNumRetry: 1,
    retryDelayMs: 1000 * delay(0, random),
    maxRetryDelayMs: 15_000,
    shouldRetry: (_rules: unknown, _count: number, _late: boolean, answer?: { code: number }) =>
      !final(answer?.code || 0),
  }
  // A segment of ten seconds takes a minute on a line that cannot carry the smallest picture.
  return {
    default: { maxTimeToFirstByteMs: 10_000, maxLoadTimeMs: 60_000, timeoutRetry: retry, errorRetry: retry },
  }
}

/**
 * A plain file begins with a table of all its pictures and sounds, which comes before anything plays: this many bytes
 * a second of the lesson (744 kB for 30 minutes, measured). Above most, the engine with its table of contents in
 * pieces shows a picture sooner, and costs less when a lesson is not watched to its end.
 */
const table = { saver: 410, sound: 190 }
const mostTable = 250_000

/** Whether a lesson of so many seconds is better played from its one file. */
export const shortEnough = (seconds: number, choice: 'saver' | 'sound'): boolean =>
  seconds * table[choice] <= mostTable
