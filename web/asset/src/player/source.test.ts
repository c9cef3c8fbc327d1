import assert from 'node:assert/strict'
import { test } from 'node:test'
import { address, plainFile, type Wish } from './source'

const facts: Record<string, string> = {
  hls: '/watch/p/master.m3u8',
  sound: '/watch/p/sound.m3u8',
  fileSaver: '/files/saver.mp4',
  fileSound: '/files/sound.m4a',
  duration: '300',
}
const wish = (more: Partial<Wish> = {}, changed: Record<string, string> = {}): Wish => ({
  choice: 'auto',
  spoken: 0,
  rung: '',
  engines: true,
  fact: name => ({ ...facts, ...changed })[name] ?? '',
  ...more,
})

test('a picture of any height comes through the ladder', () => {
  for (const choice of ['auto', '', '360', '720']) assert.equal(address(wish({ choice })), facts.hls, choice)
})

test('a short lesson in data saver or as sound is one file', () => {
  assert.equal(address(wish({ choice: 'saver' })), facts.fileSaver)
  assert.equal(address(wish({ choice: 'sound' })), facts.fileSound)
})

test('a long one comes in pieces where there is an engine', () => {
  const long = { duration: '2700' }
  assert.equal(address(wish({ choice: 'saver' }, long)), facts.hls)
  assert.equal(address(wish({ choice: 'sound' }, long)), facts.sound)
  assert.equal(address(wish({ choice: 'saver', engines: false }, long)), facts.fileSaver)
  assert.equal(address(wish({ choice: 'sound', engines: false }, long)), facts.fileSound)
})

test('until the file is made the ladder plays', () => {
  assert.equal(address(wish({ choice: 'saver' }, { fileSaver: '' })), facts.hls)
  assert.equal(address(wish({ choice: 'sound' }, { fileSound: '' })), facts.sound)
  assert.equal(address(wish({ choice: 'sound' }, { fileSound: '', sound: '' })), facts.hls)
})

test('another language is never the plain file, which speaks the first', () => {
  const other = { spoken: 1, rung: 'tay' }
  assert.equal(plainFile(wish({ choice: 'saver', ...other })), '')
  assert.equal(address(wish({ choice: 'saver', ...other })), facts.hls)
  assert.equal(address(wish({ choice: 'sound', ...other })), '/watch/p/tay.m3u8')
})
