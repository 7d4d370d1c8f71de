import pg from 'pg'
import { expect, test } from './test.js'

/** Gives the sandbox a policy, and lets time pass without use. */
async function aging(instance: { name: string }, id: string) {
  const client = new pg.Client(
    `postgresql://cloche@localhost/cloche?host=/run/cloche/${instance.name}/postgres`,
  )
  await client.connect()
  return {
    leave: (seconds: number) =>
      client.query(
        `UPDATE sandbox SET "activeAt" = now() AT TIME ZONE 'UTC' - make_interval(secs => $2) WHERE id = $1`,
        [id, seconds],
      ),
    [Symbol.asyncDispose]: () => client.end(),
  }
}

test('a page warns before its sandbox is put to sleep, keeps it awake, and lets it sleep when nobody is there', async ({
  annPage: page,
  ann,
  terminal,
  sandbox,
  instance,
}) => {
  test.setTimeout(240_000)
  const idle = { pauseAfterSeconds: 300 }
  await ann.call('PATCH', `/api/v1/sandboxes/${sandbox.id}`, { idle })
  await using age = await aging(instance, sandbox.id)
  await terminal.open(sandbox.id)
  await terminal.run('cd /tmp && echo "before the sleep"', /^before the sleep$/m)

  const warning = page.getByText('Nothing uses this sandbox, so it will be paused.')
  await expect(warning).toBeHidden()
  // What was done a moment ago is written down some seconds later.
  const isWarned = async (seconds: number) =>
    expect(async () => {
      await age.leave(seconds)
      await expect(warning).toBeVisible({ timeout: 4000 })
    }).toPass({ timeout: 60_000 })
  await isWarned(200)
  await expect(page.getByText(/^Pauses in \d+ s\.$/)).toBeVisible()
  await page.getByRole('button', { name: 'Keep awake' }).click()
  await expect(warning).toBeHidden()

  await isWarned(200)
  await terminal.type('\n')
  await expect(warning).toBeHidden()

  const panel = page.getByRole('region', { name: 'State of the sandbox' })
  await expect(async () => {
    await age.leave(400)
    await expect(panel).toContainText('it was paused', { timeout: 4000 })
    // What was done before is written down by now, and the page that is open asks on without waking it.
    for (let looks = 0; looks < 4; looks++) {
      await page.waitForResponse((answer) => answer.url().endsWith(sandbox.id))
      await expect(panel).toContainText('Asleep', { timeout: 100 })
    }
  }).toPass({ timeout: 90_000 })
  await expect(panel.getByRole('button', { name: 'Wake up' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(panel).toBeHidden()
  await terminal.run('pwd', /^\/tmp$/m)
})

test('terminals of a stopped sandbox come back with their names and their text', async ({
  annPage: page,
  ann,
  terminal,
  sandbox,
}) => {
  await terminal.open(sandbox.id)
  await terminal.run('echo the last words', /^the last words$/m)
  await page.getByRole('tab').first().dblclick()
  await page.getByRole('textbox', { name: 'Terminal name' }).fill('builds')
  await page.keyboard.press('Enter')
  const act = (verb: string) => ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/${verb}`, {})
  await act('stop')
  await expect(page.getByText('Your files are kept')).toBeVisible()
  await act('start')

  // A new shell is there at once, and the old text one tab away.
  await terminal.prompt()
  await expect(page.getByRole('tab')).toHaveCount(2)
  for (const again of [false, true]) {
    if (again) {
      await page.reload()
      await terminal.prompt()
    }
    await page.getByRole('tab', { name: 'builds' }).click()
    await terminal.sees(/^the last words$/m)
    await expect(page.getByText(/^Ended at .*, when the sandbox was stopped\.$/)).toBeVisible()
    await page.getByRole('tab').last().click()
  }

  await page.getByRole('tab', { name: 'builds' }).click()
  await page.getByRole('button', { name: 'New shell in this tab' }).click()
  await terminal.prompt()
  await terminal.run('echo $((40 + 2))', /^42$/m)
  await expect(page.getByRole('tab', { name: 'builds' })).toHaveAttribute('aria-selected', 'true')
  await expect(page.getByRole('tab')).toHaveCount(2)
  await page.reload()
  await terminal.prompt()
  await expect(page.getByRole('tab')).toHaveCount(2)
  await expect(page.getByText(/^Ended at/)).toHaveCount(0)
  const { body } = await ann.call('GET', `/api/v1/sandboxes/${sandbox.id}/terminals`)
  expect(body.terminals.map((one: { stoppedAt: string | null }) => one.stoppedAt)).toEqual([null, null])
})
