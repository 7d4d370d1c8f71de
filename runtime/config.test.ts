import { expect, it } from 'vitest'
import { readConfig } from './config.js'

const files = {
  NODE_ENV: 'test' as const,
  ...{ CLOCHE_NODE_TLS_CA: '/etc/ca.pem', CLOCHE_NODE_TLS_CERT: '/etc/n.pem' },
  CLOCHE_NODE_TLS_KEY: '/etc/n.key',
}

it.each([
  ['10.0.0.7:7443', '10.0.0.7', 7443],
  ['[::1]:7443', '::1', 7443],
  ['node7.example.org:443', 'node7.example.org', 443],
])('a node listens at %s', (CLOCHE_NODE_LISTEN, host, port) => {
  expect(readConfig({ ...files, CLOCHE_NODE_LISTEN }).listen).toEqual({
    ...{ host, port, ca: '/etc/ca.pem', cert: '/etc/n.pem', key: '/etc/n.key' },
  })
})

it.each(['7443', '10.0.0.7', '10.0.0.7:70000', '::1:7443', 'a b:1'])('a node does not listen at %s', (at) => {
  expect(() => readConfig({ ...files, CLOCHE_NODE_LISTEN: at })).toThrow('CLOCHE_NODE_LISTEN')
})

it('a node listens for nobody elsewhere unless it is told to, and never without certificates', () => {
  expect(readConfig(files).listen).toBeUndefined()
  for (const missing of Object.keys(files).filter((name) => name !== 'NODE_ENV')) {
    const rest = Object.fromEntries(Object.entries(files).filter(([name]) => name !== missing))
    expect(() => readConfig({ ...rest, NODE_ENV: 'test', CLOCHE_NODE_LISTEN: '10.0.0.7:7443' })).toThrow(
      missing,
    )
  }
})
