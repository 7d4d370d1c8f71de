import pg from 'pg'
import { newId } from '../protocol/api/index.js'
import { TestClient } from '../testing/client.js'
import { answer, expect, test } from './test.js'

test('an operator sees a node that does not answer, and cordons nodes; its sandboxes are shown as unreachable', async ({
  pageOf,
  instance,
  ann,
  mayComplain,
}) => {
  mayComplain(/503/)
  const client = new pg.Client(
    `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
  )
  await client.connect()
  const [nodeId, sandboxId] = [newId('nd'), newId('sb')]
  const { body: me } = await ann.call('GET', '/api/v1/me')
  const operator = await TestClient.signIn(instance.url, instance.admin.email, instance.admin.password)
  const [first] = (await operator.call('GET', '/api/v1/admin/nodes')).body.nodes
  try {
    // A node as it is when its machine is off: it was there an hour ago.
    await client.query(
      `INSERT INTO node (id, name, address, endpoint, "createdAt") VALUES ($1, 'second', $2, $3, now() - interval '1 hour')`,
      [nodeId, { socketPath: '/run/cloche/off.sock' }, '/run/cloche/off.sock'],
    )
    await client.query(
      `INSERT INTO sandbox (id, "tenantId", name, template, state, limits, network, isolation, env, metadata, "nodeId")
       VALUES ($1, $2, 'far away', 'base', 'running', $3, '"none"', 'standard', '{}', '{}', $4)`,
      [sandboxId, me.tenant.id, { cpus: 1, memoryMiB: 64, diskMiB: 64, pids: 64 }, nodeId],
    )
    const page = await pageOf(operator.extraHeaders.cookie ?? '')
    await page.goto('/operator')
    const nodes = page.getByRole('region', { name: 'Nodes' })
    const row = nodes.getByRole('row', { name: /^second/ })
    await expect(row).toContainText('Unreachable', { timeout: 60_000 })
    await expect(row).toContainText('cannot be reached')
    await expect(nodes.getByRole('row', { name: new RegExp(`^${first.name}`) })).toContainText('Ready')
    await row.getByRole('button', { name: 'Show second' }).click()
    await expect(page.getByText('second does not answer')).toBeVisible()
    await nodes.getByRole('button', { name: `Show ${first.name}` }).click()
    await expect(page.getByRole('region', { name: 'Pools' })).toContainText('ready')

    const own = nodes.getByRole('row', { name: new RegExp(`^${first.name}`) })
    await own.getByRole('button', { name: `Cordon ${first.name}` }).click()
    await expect(page.getByRole('alertdialog')).toContainText('they are not moved')
    await answer(page, 'Cordon node')
    await expect(own).toContainText('Cordoned')
    await own.getByRole('button', { name: `Uncordon ${first.name}` }).click()
    await expect(own).toContainText('Ready')
    await page.setViewportSize({ width: 360, height: 740 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
    await page.close()

    const anns = await pageOf(instance.ann.cookie)
    await anns.goto('/sandboxes')
    await expect(anns.getByRole('listitem').filter({ hasText: 'far away' })).toContainText('Unreachable')
    await anns.goto(`/sandboxes/${sandboxId}`)
    const panel = anns.getByRole('region', { name: 'State of the sandbox' })
    await expect(panel).toContainText('Nothing is lost')
    await anns.close()
  } finally {
    await client.query('DELETE FROM sandbox WHERE id = $1', [sandboxId])
    await client.query('DELETE FROM node WHERE id = $1', [nodeId])
    await client.end()
  }
})
