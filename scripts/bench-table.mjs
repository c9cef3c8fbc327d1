#!/usr/bin/env node
// Reads the figures of benchmarks (lines of JSON with name, value, unit, bound, peer) from mixed output and prints them
// as one table at the end.
import { createInterface } from 'node:readline'

const rows = []
for await (const line of createInterface({ input: process.stdin })) {
  let x
  try {
    x = JSON.parse(line)
  } catch {}
  if (x && typeof x === 'object' && 'name' in x && 'value' in x) rows.push(x)
  else console.error(line)
}
console.log('| what | bound | measured | compared |\n|---|---|---|---|')
for (const { name, value, unit = '', bound, peer = '' } of rows) console.log(`| ${name} | ${bound ?? '–'} | ${value}${unit ? ` ${unit}` : ''} | ${peer} |`)
