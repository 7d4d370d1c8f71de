import type { Response } from '@playwright/test'
import { expect, test } from './test.js'

/** What a browser may have to load before a workspace can be used. */
const scriptBytesMax = 450_000

test('a workspace loads few scripts, compressed and to be kept', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  const scripts: Response[] = []
  page.on('response', (response) => {
    if (new URL(response.url()).pathname.endsWith('.js')) scripts.push(response)
  })
  await terminal.open(sandbox.id)
  await expect(page.getByRole('tree')).toBeVisible()
  await expect(page.getByRole('treeitem').first()).toBeVisible()
  const loaded = await Promise.all(
    scripts.map(async (response) => {
      await response.finished()
      const headers = await response.allHeaders()
      expect(headers, response.url()).toMatchObject({
        ...{ 'content-encoding': 'br', 'cache-control': expect.stringContaining('immutable') },
        ...{ 'content-type': expect.stringContaining('javascript'), 'x-content-type-options': 'nosniff' },
      })
      return Number(headers['content-length'])
    }),
  )
  expect(loaded.length).toBeGreaterThan(5)
  expect(loaded.reduce((sum, bytes) => sum + bytes)).toBeLessThan(scriptBytesMax)

  const plain = await fetch(scripts[0]?.url() ?? '', { headers: { 'accept-encoding': 'identity' } })
  expect([plain.status, plain.headers.get('content-encoding')]).toEqual([200, null])
  const missing = await fetch(new URL('/_next/static/../../package.json', page.url()))
  expect(missing.headers.get('content-type')).not.toContain('json')
  expect((await fetch(new URL('/_next/static/%2e%2e/%2e%2e/package.json', page.url()))).status).not.toBe(200)
  expect((await fetch(new URL('/_next/static/nothing.js', page.url()))).status).toBe(404)
})
