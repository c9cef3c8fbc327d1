// Bundles every island (src/*.ts), the style sheet and hls.js's light build
// into dist, named by their content, with .br and .gz beside each, and writes
// manifest.json from the names pages know to the built names. With --watch it
// builds without minifying and compressing, again at each change, and reloads
// the browser that looks through templ's proxy (make dev).
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const src = join(here, 'src')
const dist = join(here, 'dist')

// The oldest engines that must get a working page: Android 7 with Chrome 70,
// and Safari 12. Style sheets are lowered to the same.
const target = ['chrome70', 'safari12', 'es2018']
// They all know destructuring; esbuild counts Safari 12 out for a defect in
// assignments to call expressions, which nothing here makes.
const supported = { destructuring: true }

const development = process.argv.includes('--watch')

const common = {
  bundle: true,
  minify: !development,
  write: false,
  legalComments: 'none',
  logLevel: 'warning',
  target,
  supported,
}

/** One bundled file as bytes. */
async function bundle(entry, options = {}) {
  const out = await build({ ...common, ...options, entryPoints: [entry] })
  return Buffer.from(out.outputFiles[0].contents)
}

async function buildAll() {
  const files = new Map()
  for (const f of readdirSync(src).sort()) {
    if (f.endsWith('.ts') && !f.endsWith('.test.ts')) {
      files.set(f.replace(/\.ts$/, '.js'), await bundle(join(src, f), { format: 'esm' }))
    } else if (f.endsWith('.css')) {
      files.set(f, await bundle(join(src, f)))
    } else if (/\.(svg|png|webmanifest)$/.test(f)) {
      files.set(f, readFileSync(join(src, f)))
    }
  }
  // The engine is a file of its own, fetched when a student is about to play.
  files.set('hls.js', await bundle('hls.js/light', { format: 'esm', absWorkingDir: join(here, '../..') }))

  // Lessons in several languages need the engine that plays sound apart.
  files.set('hls-full.js', await bundle('hls.js', { format: 'esm', absWorkingDir: join(here, '../..') }))

  mkdirSync(dist, { recursive: true })
  const kept = new Set(['.gitkeep', 'manifest.json'])
  const manifest = {}
  for (const [name, body] of files) {
    const ext = extname(name)
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 10)
    const built = `${name.slice(0, -ext.length)}-${hash}${ext}`
    manifest[name] = built
    kept.add(built).add(`${built}.gz`).add(`${built}.br`)
    writeFileSync(join(dist, built), body)
    if (development || ext === '.png') continue // a picture is already compressed
    const gz = gzipSync(body, { level: 9 })
    writeFileSync(join(dist, `${built}.gz`), gz)
    writeFileSync(
      join(dist, `${built}.br`),
      brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
    )
    console.log(
      `${name.padEnd(16)} ${String(body.length).padStart(7)} B  ${String(gz.length).padStart(7)} B gzip`,
    )
  }
  writeFileSync(join(dist, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  // Only now, so that a Go build beside this one never finds half a folder.
  for (const f of readdirSync(dist)) if (!kept.has(f)) rmSync(join(dist, f))
}

await buildAll()

if (development) {
  const proxy = process.env.LENLOP_DEV_PROXY ?? 'http://127.0.0.1:7331'
  let timer
  watch(src, { recursive: true }, () => {
    clearTimeout(timer)
    // An editor writes a file in several steps.
    timer = setTimeout(async () => {
      try {
        await buildAll()
        await fetch(`${proxy}/_templ/reload/events`, { method: 'POST' })
      } catch (e) {
        console.error(e.message)
      }
    }, 50)
  })
}
