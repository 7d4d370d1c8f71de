import { serverPid } from './shared.js'
import { expect, test } from './test.js'

test('a broken line is told, and nothing is lost or twice when it is back', async ({
  annPage: page,
  terminal,
  sandbox,
  instance,
  mayComplain,
}) => {
  mayComplain(/WebSocket connection|Failed to load resource|ERR_CONNECTION_REFUSED/)
  await terminal.open(sandbox.id)
  await terminal.run('for i in $(seq 400); do echo count $i; sleep 0.01; done', /count 50$/m)

  // The server dies as it would when the machine kills it; its supervisor starts another.
  process.kill(await serverPid(instance.name), 'SIGKILL')
  const banner = page.getByText('The line is down.')
  await expect(banner).toBeVisible()
  await expect(page.getByText(/Next try in \d+ s|Trying/)).toBeVisible()
  await terminal.type('echo typed while $((40+2))\n')
  await expect(banner).toBeHidden({ timeout: 20_000 })

  await terminal.sees(/^typed while 42$/m)
  const counted = (await terminal.history()).match(/^count \d+$/gm)
  expect(counted).toEqual(Array.from({ length: 400 }, (_, index) => `count ${index + 1}`))
})
