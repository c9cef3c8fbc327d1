// Which of the engine's levels a student's choice means. Pure.

/** The data-saver's picture: small, and a blackboard's writing can still be read. */
export const saverHeight = 360

/**
 * The highest level within the choice: "auto" (-1: the engine chooses),
 * "saver", or a height. When all are above it, the lowest. Sound alone has but
 * one level.
 */
export function levelFor(choice: string, levels: { height: number }[]): number {
  if (choice === 'auto' || choice === 'sound' || !levels.length) return -1
  const most = choice === 'saver' ? saverHeight : Number(choice)
  const height = (i: number) => levels[i]?.height || 0
  let best = 0
  for (let i = 1; i < levels.length; i++) {
    const fits = height(i) <= most
    if (height(best) > most ? height(i) < height(best) : fits && height(i) > height(best)) best = i
  }
  return best
}
