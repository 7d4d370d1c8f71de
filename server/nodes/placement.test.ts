import { describe, expect, it } from 'vitest'
import { type Candidate, place, type Wanted } from './placement.js'

const wanted: Wanted = {
  ...{ template: 'base', isolation: 'standard', purpose: 'sandbox', memoryMiB: 512, diskMiB: 1024 },
}
const node = (name: string, over: Partial<Candidate> = {}): Candidate => ({
  ...{ id: name, name, state: 'ready', answers: true, full: null, warm: 0, hasTenant: false, sandboxes: 0 },
  templates: new Map([['base', ['standard'] as const]]),
  ...{ size: { memoryMiB: 4096, diskMiB: 40_960 }, freeShare: 0.8 },
  ...over,
})
const python = new Map([['python', ['standard'] as const]])
const hardened = new Map([['base', ['standard', 'hardened'] as const]])

describe('where something new is placed', () => {
  it.each<[string, Candidate[], Partial<Wanted>, string]>([
    ['on the only node', [node('a')], {}, 'a'],
    ['not on one that is cordoned', [node('a', { state: 'cordoned' }), node('b')], {}, 'b'],
    ['not on one that is unreachable', [node('a', { state: 'unreachable' }), node('b')], {}, 'b'],
    ['where the template is', [node('a', { templates: python }), node('b')], {}, 'b'],
    [
      'where the isolation is',
      [node('a'), node('b', { templates: hardened })],
      { isolation: 'hardened' },
      'b',
    ],
    ['not where templates are unknown', [node('a', { templates: new Map() }), node('b')], {}, 'b'],
    ['not on one that is full', [node('a', { full: 'no disk', freeShare: 1 }), node('b')], {}, 'b'],
    [
      'not on one that is too small',
      [node('a', { size: { memoryMiB: 256, diskMiB: 9999 } }), node('b')],
      {},
      'b',
    ],
    [
      'not on one with too small a disk',
      [node('a', { size: { memoryMiB: 9999, diskMiB: 9 } }), node('b')],
      {},
      'b',
    ],
    ['not on one that did not answer last', [node('a', { answers: false, warm: 9 }), node('b')], {}, 'b'],
    ['on one that did not answer last, if no other can', [node('a', { answers: false })], {}, 'a'],
    ['where one waits in the pool', [node('a'), node('b', { warm: 1 })], {}, 'b'],
    [
      'where one waits, rather than with its tenant',
      [node('a', { hasTenant: true }), node('b', { warm: 1 })],
      {},
      'b',
    ],
    ['with its tenant', [node('a', { freeShare: 0.9 }), node('b', { hasTenant: true })], {}, 'b'],
    [
      'not with its tenant when it is tight there',
      [node('a'), node('b', { hasTenant: true, freeShare: 0.05 })],
      {},
      'a',
    ],
    ['where most is free', [node('a', { freeShare: 0.3 }), node('b', { freeShare: 0.6 })], {}, 'b'],
    [
      'with fewest others where as much is free',
      [node('a', { sandboxes: 2 }), node('b', { freeShare: 0.79 })],
      {},
      'b',
    ],
    ['by name where nothing differs', [node('b'), node('a')], {}, 'a'],
    [
      'on a tight node when all are',
      [node('a', { freeShare: 0.01 }), node('b', { freeShare: 0.09 })],
      {},
      'b',
    ],
    [
      'on the one with the template, which refuses in its own words',
      [node('a', { full: 'no disk' }), node('b', { templates: python })],
      {},
      'a',
    ],
  ])('%s', (_, candidates, over, expected) => {
    expect(place(candidates, { ...wanted, ...over })).toEqual({ node: expected })
  })

  it.each<{ when: string; nodes: Candidate[]; over?: Partial<Wanted>; code: string; message: string }>([
    {
      when: 'there is none',
      nodes: [],
      code: 'runtime_unavailable',
      message: 'no node takes new work: no node is registered',
    },
    {
      when: 'none is ready',
      nodes: [node('a', { state: 'cordoned' }), node('b', { state: 'unreachable' })],
      code: 'runtime_unavailable',
      message: 'no node takes new work: of 2 nodes 1 is cordoned and 1 is unreachable',
    },
    {
      when: 'none has the template',
      nodes: [node('a'), node('b')],
      over: { template: 'go' },
      code: 'template_unavailable',
      message: 'no node has template go',
    },
    {
      when: 'only a cordoned one has the template',
      nodes: [node('a'), node('b', { state: 'cordoned', templates: python })],
      over: { template: 'python' },
      code: 'runtime_unavailable',
      message: 'template python is only on nodes that take no new work at present: 1 is cordoned',
    },
    {
      when: 'none has both templates',
      nodes: [node('a', { templates: python }), node('b')],
      over: { besides: 'python' },
      code: 'template_unavailable',
      message: 'no node can run template base and python with isolation standard',
    },
    {
      when: 'none has the isolation',
      nodes: [node('a'), node('b')],
      over: { isolation: 'hardened' },
      code: 'template_unavailable',
      message: 'no node can run template base with isolation hardened',
    },
    {
      when: 'none is large enough',
      nodes: [node('a'), node('b')],
      over: { memoryMiB: 8192 },
      code: 'node_full',
      message:
        'no node is large enough for 8192 MiB of memory and 1024 MiB of disk: the largest that is not full has 4096 MiB and 40960 MiB',
    },
    {
      when: 'all are full',
      nodes: [node('a', { full: 'no disk' }), node('b', { full: 'no memory' })],
      code: 'node_full',
      message: 'none of 2 nodes with this template has room (a: no disk; b: no memory)',
    },
  ])('is refused with the reason when $when', ({ nodes, over, code, message }) => {
    expect(place(nodes, { ...wanted, ...over })).toEqual({ refusal: { code, message } })
  })
})
