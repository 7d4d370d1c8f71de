import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { InvalidCallback, readCallback } from './index.js'

const secret = `whsec_${randomBytes(32).toString('base64')}`
const body = JSON.stringify({ id: 'rn_x', status: 'ok' })

/** As the standard says a sender does it. */
function headers(at = Math.floor(Date.now() / 1000), key = secret): Headers {
  const bytes = Buffer.from(key.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', bytes).update(`rn_x.${at}.${body}`).digest('base64')
  return new Headers({
    ...{
      'webhook-id': 'rn_x',
      'webhook-timestamp': String(at),
      'webhook-signature': `v0,no v1,${signature}`,
    },
  })
}

function changed(name: string, value: string): Headers {
  const sent = headers()
  sent.set(name, value)
  return sent
}

describe('a callback', () => {
  it('is read when its signature is right', async () => {
    expect(await readCallback(secret, headers(), body)).toMatchObject({ id: 'rn_x', status: 'ok' })
  })

  it.each<[string, Headers, string]>([
    ['without a signature', new Headers(), body],
    ['with another body', headers(), body.replace('ok', 'no')],
    ['signed with another key', headers(undefined, `whsec_${randomBytes(32).toString('base64')}`), body],
    ['sent again later', headers(Math.floor(Date.now() / 1000) - 301), body],
    ['without a time', changed('webhook-timestamp', 'now'), body],
    ['with nonsense', changed('webhook-signature', 'v1,&'), body],
  ])('%s is refused', async (_, sent, text) => {
    await expect(readCallback(secret, sent, text)).rejects.toThrow(InvalidCallback)
  })
})
