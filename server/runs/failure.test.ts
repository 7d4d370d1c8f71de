import { expect, it } from 'vitest'
import { type ErrorCode, errorCode } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { NotPlaced } from '../nodes/placer.js'
import { RuntimeUnreachable } from '../runtime-client/refusal.js'
import { classify, type Failure, RunLost } from './failure.js'

const failures: Partial<Record<ErrorCode, Failure>> = {
  invalid_request: 'refused',
  template_unavailable: 'refused',
  quota_exceeded: 'refused',
  payload_too_large: 'refused',
  not_found: 'refused',
  forbidden: 'refused',
  node_full: 'waits with everybody',
  disk_full: 'waits with everybody',
  rate_limited: 'waits with everybody',
  database_unavailable: 'waits with everybody',
  conflict: 'waits',
}

it.each(errorCode.options)('a refusal with %s is of the request, of the node, or a lost attempt', (code) => {
  expect(classify(new ApiError(code, ''))).toBe(failures[code] ?? 'lost')
})

it.each<[string, unknown, Failure]>([
  ['no node takes it at present', new NotPlaced('node_full', ''), 'waits with everybody'],
  ['no node is there', new NotPlaced('runtime_unavailable', ''), 'waits with everybody'],
  ['no node has its template', new NotPlaced('template_unavailable', ''), 'refused'],
  ['the runtime went away while it ran', new RunLost(''), 'lost'],
  ['nobody has foreseen it', new TypeError('x is undefined'), 'lost'],
])('when %s', (_, error, failure) => {
  expect(classify(error)).toBe(failure)
})

it('a runtime that may have heard of the run has lost it, one that has not was not asked', () => {
  expect(classify(new RuntimeUnreachable(new Error('no answer'), true))).toBe('lost')
  expect(classify(new RuntimeUnreachable(new Error('no answer'), false))).toBe('waits with everybody')
})
