// Holds the built files to their budgets, in bytes after gzip: what a student
// pays for before anything plays. Run after the build: npm run size.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = join(dirname(fileURLToPath(import.meta.url)), 'dist')
const manifest = JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8'))
const kB = 1024
const budgets = [
  ['every page', ['site.css', 'icon.svg'], 7 * kB],
  ['catalogue page beside its text', ['site.css', 'icon.svg', 'suggest.js'], 9 * kB],
  ['player core', ['player.js'], 3 * kB],
  [
    'player extras',
    ['heartbeats.js', 'extras.js', 'transcript.js', 'storyboard.js', 'daily-limit.js'],
    12 * kB,
  ],
  ['keep this lesson', ['offline-button.js'], 3 * kB],
  ['page of kept lessons', ['offline-page.js'], 4 * kB],
  ['keeping one, once asked for', ['offline-download.js'], 4 * kB],
  ['playing one from the offline store', ['offline-player.js'], 4 * kB],
  ['player engine', ['hls.js'], 120 * kB],
  ['engine, several languages', ['hls-full.js'], 185 * kB],
]
let over = false
for (const [what, names, most] of budgets) {
  const bytes = names.reduce((sum, n) => sum + readFileSync(join(dist, `${manifest[n]}.gz`)).length, 0)
  const fits = bytes <= most
  over ||= !fits
  console.log(`${fits ? 'ok  ' : 'OVER'} ${what.padEnd(32)} ${String(bytes).padStart(7)} of ${most} B`)
}
process.exit(over ? 1 : 0)
