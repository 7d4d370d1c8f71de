import { expect, test } from './test.js'

test('the charts of usage have axes with units and time', async ({ annPage: page, ann, sandbox }) => {
  const command = ['bash', '-c', 'timeout 2 sh -c "while :; do :; done"; true']
  await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command })
  await expect
    .poll(async () => (await ann.call('GET', '/api/v1/usage')).body.hours.at(-1)?.cpuSeconds ?? 0, {
      timeout: 120_000,
    })
    .toBeGreaterThan(0)
  await page.goto('/usage')
  const chart = (name: string) => page.getByRole('figure').filter({ hasText: name })
  await expect(chart('CPU time')).toContainText(/[\d.]+ CPU (s|min)/)
  // From the bottom to a round number, in one unit; and the time below.
  const ticks = await chart('CPU time').locator('[data-tick]').allTextContents()
  expect(ticks).toHaveLength(3)
  for (const tick of ticks) expect(tick).toMatch(/^[\d.,]+ CPU (s|min|h)$/)
  expect(ticks.at(-1)).toMatch(/^0 /)
  await expect(chart('CPU time').locator('[data-mark]')).toHaveCount(4)
  await expect(chart('CPU time').locator('[data-mark]').first()).toHaveText(/^\d\d:\d\d$/)
  await expect(chart('Network received').locator('[data-tick]').last()).toHaveText(/^0 (B|KiB|MiB)$/)
  await page.getByRole('button', { name: '30 days' }).click()
  await expect(chart('CPU time').locator('[data-mark]').first()).toHaveText(/^[A-Z][a-z]{2} \d+$/)
})
