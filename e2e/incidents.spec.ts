import { expect, test } from './test.js'

test('a process that was killed at the memory limit is named, until that is dismissed', async ({
  annPage: page,
  ann,
  terminal,
  sandbox,
}) => {
  await terminal.open(sandbox.id)
  await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, {
    command: `exec python3 -c "x = bytearray(1 << 30)"`,
  })
  const line = page.getByText('Out of memory: python3 was ended at the limit of 128 MiB')
  await expect(line).toBeVisible({ timeout: 15_000 })
  await page.getByRole('button', { name: 'Dismiss', exact: true }).click()
  await expect(line).toBeHidden()
  await page.reload()
  await terminal.prompt()
  await expect(line).toBeHidden()
})

test('a host that is not on the allowlist is named', async ({ annPage: page, ann, terminal, sandbox }) => {
  await ann.call('PATCH', `/api/v1/sandboxes/${sandbox.id}`, { network: { allow: ['example.org'] } })
  await terminal.open(sandbox.id)
  await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command: 'getent hosts pypi.example.net' })
  const line = 'No access to pypi.example.net: the allowlist of this sandbox does not have it.'
  await expect(page.getByText(line)).toBeVisible({ timeout: 15_000 })
})
