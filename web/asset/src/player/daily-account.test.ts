import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Account, dayOf, gained, left, today } from './daily-account'

test('a day is the local one', () => {
  assert.equal(dayOf(new Date(2020, 3, 5, 0, 0, 1)), '2020-04-05')
  assert.equal(dayOf(new Date(2020, 11, 31, 23, 59, 59)), '2020-12-31')
})

test('the account begins again at midnight and after nonsense', () => {
  let text = ''
  let now = new Date(2020, 3, 5, 23, 59)
  const account = new Account(
    () => text,
    t => {
      text = t
    },
    () => now,
  )
  account.add(3_000_000)
  account.add(500_000.4, 1_000_000)
  assert.deepEqual(account.today(), { day: '2020-04-05', bytes: 3_500_000, more: 1_000_000 })
  assert.equal(left(10, account.today()), 7_500_000)
  assert.equal(left(2, account.today()), 0)
  now = new Date(2020, 3, 6, 0, 0)
  assert.deepEqual(account.today(), { day: '2020-04-06', bytes: 0, more: 0 })
  account.add(1)
  assert.match(text, /2020-04-06/)
  for (const bad of [
    '',
    '{',
    '[]',
    'null',
    '{"day":"2020-04-06","bytes":-5,"more":0}',
    '{"day":"2020-04-06","bytes":"x","more":0}',
  ])
    assert.equal(today(bad, now).bytes, 0, bad)
})

test('two pages share one account', () => {
  let text = ''
  const page = () =>
    new Account(
      () => text,
      t => {
        text = t
      },
      () => new Date(2020, 3, 5),
    )
  const [a, b] = [page(), page()]
  a.add(10)
  b.add(20)
  assert.equal(a.add(5).bytes, 35)
})

test('what a player has gained is what it did not have', () => {
  assert.equal(gained([], [[0, 10]]), 10)
  assert.equal(gained([[0, 10]], [[0, 14]]), 4)
  assert.equal(
    gained(
      [
        [0, 10],
        [20, 30],
      ],
      [[5, 32]],
    ),
    12,
  )
  assert.equal(gained([[0, 10]], [[4, 8]]), 0)
  assert.equal(gained([[0, 10]], [[60, 61]]), 1)
})
