import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contestIn, type Rival } from '../../prove/worlds/contest.ts'

const RIVALS: readonly (readonly [Rival, readonly number[]])[] = [
  [{ kind: 'exhaustive' }, [5, 6]],
  [{ kind: 'random', factor: 10 }, [6]],
]

for (const [rival, numbers] of RIVALS) {
  test(`in simulated worlds the search reaches what a rival reaches by ${rival.kind} trial of more settings`, async t => {
    let proving = 0
    for (const number of numbers) {
      const contest = await contestIn(1, number, rival)
      assert.ok(contest !== null)
      const { reached, rivalReached, searched, rivalTried } = contest
      t.diagnostic(
        `seed 1 world ${number}: ${reached} of ${rivalReached}, by ${searched} settings of ${rivalTried}`,
      )
      assert.ok(reached >= rivalReached, `world ${number}`)
      assert.ok(rivalTried > searched)
      if (rivalReached > 0) proving += 1
    }
    assert.ok(proving > 0, 'some world holds something that can be proven')
  })
}
