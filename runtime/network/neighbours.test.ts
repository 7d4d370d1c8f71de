import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { maxSandboxes } from '../linux/slot.js'
import { raiseArpTableLimits } from './neighbours.js'

it('the table of neighbours holds two for each sandbox that a node can hold', () => {
  raiseArpTableLimits()
  const limit = readFileSync('/proc/sys/net/ipv4/neigh/default/gc_thresh3', 'utf8')
  expect(Number(limit)).toBeGreaterThan(2 * maxSandboxes)
})

it('in a namespace of its own, which has no such files, nothing happens', () => {
  expect(() => raiseArpTableLimits('/nonexistent')).not.toThrow()
})
