import { TerminalView } from './terminal-view.js'
import { expect, test } from './test.js'

test('two windows on one terminal: typing or a click gives it the size, leaving gives it back', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  await terminal.open(sandbox.id)
  const sizeOf = async (view: TerminalView, name: string) => {
    await view.run(`clear; echo ${name} $(stty size)`, new RegExp(`^${name} \\d+ \\d+$`, 'm'))
    return new RegExp(`^${name} (\\d+ \\d+)$`, 'm').exec(await view.text())?.[1]
  }
  const large = await sizeOf(terminal, 'large')

  const other = await page.context().newPage()
  await other.setViewportSize({ width: 600, height: 400 })
  const smallView = await TerminalView.of(other)
  await smallView.open(sandbox.id)
  const small = await sizeOf(smallView, 'small')
  expect(small).not.toBe(large)

  // Both draw it at the size that it has.
  const rowsOf = (view: TerminalView) => view.rows.locator('> div').count()
  await expect.poll(() => rowsOf(terminal)).toBe(Number(small?.split(' ')[0]))
  await page.bringToFront()
  await page.locator('.xterm-screen').click()
  await expect.poll(() => rowsOf(smallView)).toBe(Number(large?.split(' ')[0]))
  expect(await sizeOf(terminal, 'clicked')).toBe(large)
  expect(await sizeOf(smallView, 'typed')).toBe(small)
  await other.close()
  await expect.poll(() => rowsOf(terminal)).toBe(Number(large?.split(' ')[0]))
})
