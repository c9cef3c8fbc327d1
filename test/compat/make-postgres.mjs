// The PostgreSQL half of make.mjs: moves the data folder to a throw-away
// PostgreSQL and S3 server with the same binary, and dumps the database.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

const bin = '/usr/lib/postgresql/15/bin'

export async function postgresDump({ binary, data, work, output }) {
  const gateway = process.env.LENLOP_TEST_VERSITYGW
  if (!gateway) throw new Error('LENLOP_TEST_VERSITYGW must name a versitygw binary')
  // PostgreSQL does not run as root.
  const asUser = process.getuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : []
  const sh = (...args) => execFileSync(args[0], args.slice(1), { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/', maxBuffer: 1 << 28 })
  const cluster = mkdtempSync('/tmp/lenlop-compat-pg-')
  if (asUser.length) sh('chown', 'postgres', cluster)
  chmodSync(cluster, 0o700)
  sh(...asUser, `${bin}/initdb`, '-D', `${cluster}/db`, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8')
  const pg = spawn(asUser[0] ?? `${bin}/postgres`, [...asUser.slice(1), ...(asUser.length ? [`${bin}/postgres`] : []), '-D', `${cluster}/db`, '-k', cluster, '-p', '18745', '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
    { stdio: 'ignore', cwd: '/' })
  const bucket = join(work, 's3')
  mkdirSync(join(bucket, 'lenlop'), { recursive: true })
  const s3 = spawn(gateway, ['--access', 'khoa', '--secret', 'khoa-bi-mat', '--port', '127.0.0.1:18746', 'posix', bucket], { stdio: 'ignore' })
  s3.on('error', (e) => console.error('versitygw:', e.message))
  try {
    for (let n = 0; ; n++) {
      try {
        sh(`${bin}/psql`, '-h', '127.0.0.1', '-p', '18745', '-U', 'postgres', '-c', 'CREATE DATABASE lenlop')
        break
      } catch (e) {
        if (n > 50) throw e
        await sleep(300)
      }
    }
    const config = join(work, 'scale.conf')
    writeFileSync(config, ['LENLOP_DATABASE=postgres://postgres@127.0.0.1:18745/lenlop?sslmode=disable', 'LENLOP_S3_ENDPOINT=http://127.0.0.1:18746',
      'LENLOP_S3_ACCESS_KEY=khoa', 'LENLOP_S3_SECRET_KEY=khoa-bi-mat'].join('\n'))
    sh(binary, 'migrate', '--data', data, '--to', config)
    const dump = sh(`${bin}/pg_dump`, '-h', '127.0.0.1', '-p', '18745', '-U', 'postgres', '--no-owner', '--no-privileges', '--inserts', '--rows-per-insert=100', 'lenlop')
    writeFileSync(join(output, 'postgres.sql.gz'), gzipSync(dump, { level: 9 }))
  } finally {
    s3.kill()
    pg.kill('SIGQUIT')
    await sleep(500)
    rmSync(cluster, { recursive: true, force: true })
  }
}
