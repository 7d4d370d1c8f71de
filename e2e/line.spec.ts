import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
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
  // Counts until it reads a line. Not in bash: its `read -t` may lose what comes in the moment of the timeout.
  await terminal.run(
    `python3 -uc "exec('import select,sys\\ni=0\\nwhile not select.select([sys.stdin],[],[],.02)[0]:\\n  i+=1; print(\\"count\\",i)\\nprint(\\"counted to\\",i)')"`,
    /^count \d+$/m,
  )

  // The server dies as it would when the machine kills it; its supervisor starts another.
  process.kill(await serverPid(instance.name), 'SIGKILL')
  const banner = page.getByText('Connection lost.')
  await expect(banner).toBeVisible()
  await expect(page.getByText(/Reconnecting in \d+ s|Reconnecting/)).toBeVisible()
  await terminal.type('\n')
  await expect(banner).toBeHidden({ timeout: 60_000 })

  await terminal.sees(/^counted to \d+$/m)
  const text = await terminal.history()
  const last = Number(/^counted to (\d+)$/m.exec(text)?.[1])
  expect(text.match(/^count \d+$/gm)).toEqual(
    Array.from({ length: last }, (_, index) => `count ${index + 1}`),
  )
})

test('a large upload goes on when the server is back', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
  instance,
  mayComplain,
}, info) => {
  mayComplain(
    /WebSocket connection|Failed to load resource|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/,
  )
  const content = randomBytes(30 * 1024 ** 2)
  const file = info.outputPath('large.bin')
  await writeFile(file, content)
  await terminal.open(sandbox.id)
  const pid = await serverPid(instance.name)
  // At the second piece: the first has arrived.
  await page.route(/files\?.*offset=[1-9]/, async (route) => {
    await page.unroute(/files\?.*offset=[1-9]/)
    process.kill(pid, 'SIGKILL')
    await route.continue().catch(() => {})
  })
  await page.locator('input[type=file]').setInputFiles(file)
  await expect(page.getByText('Uploaded 1 file to /home/user', { exact: true })).toBeVisible({
    timeout: 90_000,
  })
  expect(await serverPid(instance.name)).not.toBe(pid)
  const { body } = await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, {
    command: 'sha256sum large.bin; ls -A',
  })
  expect(body.stdout).toContain(createHash('sha256').update(content).digest('hex'))
  expect(body.stdout).not.toContain('.part')
})
