import { readFile } from 'node:fs/promises'
import { file, image, layout, plainLayer } from '../testing/images.js'
import { answer, expect, test } from './test.js'

test('a template is exported as an image that can be imported again, and deleted', async ({
  annPage: page,
  ann,
}) => {
  const archive = layout([image([plainLayer([file('etc/passwd', 'root:x:0:0::/:/bin/sh\n')])])])
  const bytes = { 'content-type': 'application/x-tar' }
  expect((await ann.call('PUT', '/api/v1/templates/tiny/image', archive, bytes)).status).toBe(201)
  await page.goto('/templates')
  const row = page.getByRole('region', { name: 'Templates' }).getByRole('row').filter({ hasText: 'tiny' })
  await expect(row).toContainText('Image')
  const download = page.waitForEvent('download')
  await row.getByRole('button', { name: 'Export tiny as an image' }).click()
  expect((await download).suggestedFilename()).toBe('tiny.tar')
  const exported = await readFile(await (await download).path())
  expect((await ann.call('PUT', '/api/v1/templates/again/image', exported, bytes)).status).toBe(201)
  for (const name of ['again', 'tiny']) {
    await page.getByRole('button', { name: `Delete ${name}` }).click()
    await answer(page, 'Delete template')
    await expect(page.getByText(`Deleted ${name}.`, { exact: true })).toBeVisible()
  }
  await expect(row).toHaveCount(0)
})
