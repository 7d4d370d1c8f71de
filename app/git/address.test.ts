import { expect, it } from 'vitest'
import { splitCredentials } from './address'

it('an address is without what signs in, which is kept apart', () => {
  for (const url of ['https://h.example/a.git', 'git@h.example:a/b.git', 'ssh://git@h.example/a', 'https://'])
    expect(splitCredentials(` ${url} `)).toEqual({ url, credentials: null })
  expect(splitCredentials('https://ann:p%40ss@h.example/a.git')).toEqual({
    url: 'https://h.example/a.git',
    credentials: { username: 'ann', password: 'p@ss' },
  })
  expect(splitCredentials('https://ghp_1%@h.example/a')).toEqual({
    url: 'https://h.example/a',
    credentials: { username: 'token', password: 'ghp_1%' },
  })
})
