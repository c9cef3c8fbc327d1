// Runs the islands' unit tests (src/**/*.test.ts) with Node's own runner. They
// are bundled first, because the Node of Debian cannot read TypeScript.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const src = join(dirname(fileURLToPath(import.meta.url)), 'src')
const tests = readdirSync(src, { recursive: true })
  .filter(f => f.endsWith('.test.ts'))
  .map(f => join(src, f))
const out = mkdtempSync(join(tmpdir(), 'lenlop-islands-'))
await build({
  entryPoints: tests,
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  logLevel: 'warning',
})
const files = readdirSync(out, { recursive: true })
  .filter(f => f.endsWith('.mjs'))
  .map(f => join(out, f))
const { status } = spawnSync(process.execPath, ['--test', '--test-reporter=tap', ...files], {
  stdio: 'inherit',
})
rmSync(out, { recursive: true })
process.exit(status ?? 1)
