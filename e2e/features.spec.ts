import type { Page } from '@playwright/test'
import { launchOptions } from './browser.js'
import { expect, test } from './test.js'

test.use({ launchOptions: launchOptions({ webgl: true }) })

const clipboardOf = (page: Page) => page.evaluate(() => navigator.clipboard.readText())
const copy = (text: string) => `printf '\\033]52;c;${Buffer.from(text).toString('base64')}\\007'`

test('a program copies to the clipboard when it may, and never reads it', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  const banner = page.getByRole('region', { name: 'Clipboard' })
  await terminal.open(sandbox.id)
  await page.evaluate(() => navigator.clipboard.writeText('mine'))

  await terminal.run(`${copy('first\\x1b[201~')}; echo asked`, /^asked$/m)
  await expect(banner).toContainText('first')
  expect(await clipboardOf(page)).toBe('mine')
  await banner.getByRole('button', { name: 'Allow for this sandbox' }).click()
  await expect(banner).toBeHidden()
  await expect.poll(() => clipboardOf(page)).toContain('first')

  // The focus is the terminal's again, and nobody is asked a second time, also not after a reload.
  await page.keyboard.type(`${copy('second')}\n`)
  await expect.poll(() => clipboardOf(page)).toBe('second')
  await page.reload()
  await terminal.prompt()
  await terminal.type(`${copy('third')}\n`)
  await expect.poll(() => clipboardOf(page)).toBe('third')
  expect(await banner.count()).toBe(0)

  await page.getByRole('button', { name: 'Terminal settings' }).click()
  await page.getByRole('menuitemradio', { name: 'Block' }).click()
  await terminal.run(`${copy('fourth')}; echo blocked`, /^blocked$/m)
  await terminal.run(
    String.raw`printf '\033]52;c;?\007'; read -rsn1 -t 2 k || echo unanswered`,
    /^unanswered$/m,
  )
  expect([await clipboardOf(page), await banner.count()]).toEqual(['third', 0])
})

test('links are there after a reload', async ({ annPage: page, terminal, sandbox, instance }) => {
  await terminal.open(sandbox.id)
  const address = `${instance.url}/sign-in?linked=1`
  await terminal.run(
    String.raw`clear; printf '\033]8;;${address}\033\\%060d\033]8;;\033\\\nlinked\n' 0`,
    /^linked$/m,
  )
  await page.reload()
  await terminal.sees(/^linked$/m)
  const box = await page.locator('.xterm-screen').boundingBox()
  if (!box) throw new Error('there is no screen')
  await page.mouse.move(box.x + 60, box.y + 8)
  const opened = page.context().waitForEvent('page')
  await page.mouse.click(box.x + 62, box.y + 8)
  expect((await opened).url()).toContain('linked=1')
})

test('pictures are drawn, what draws them is loaded with the first, and broken ones harm nothing', async ({
  annPage: page,
  terminal,
  sandbox,
  mayComplain,
}) => {
  // Of this test's own reading, and of the picture that is too large.
  mayComplain(
    /Multiple readback operations|SIXEL: error while decoding image - Error: image exceeds memory limit/,
  )
  const layer = page.locator('canvas.xterm-image-layer')
  await terminal.open(sandbox.id)
  await terminal.run(
    String.raw`printf '\033[c'; IFS= read -rsd c k; printf 'I am %q\n' "$k"`,
    /^I am \$'\\E\[\?62;4;9;22'$/m,
  )
  expect(await layer.count()).toBe(0)

  const red = `P0;1q"1;1;60;60#0;2;100;0;0#0${'!60~-'.repeat(10)}`
  await terminal.run(
    String.raw`clear; printf '\n\033'; sleep 0.2; printf '${red}\033\\'; printf '\ndrawn\n'`,
    /^drawn$/m,
  )
  await expect.poll(() => pixels(page)).toContain('255,0,0')

  const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYPgPAAEDAQAIicLsAAAAAElFTkSuQmCC'
  const size = Buffer.from(png, 'base64').length
  await terminal.run(
    String.raw`clear; printf '\n\033]1337;File=inline=1;size=${size};width=60px;height=60px;preserveAspectRatio=0:${png}\007\nshown\n'`,
    /^shown$/m,
  )
  await expect.poll(() => pixels(page)).toContain('0,0,255')

  await terminal.run(
    String.raw`clear; printf '\033P0;1q"1;1;99999999;99999999#0!99999999~\033\\\033]1337;File=inline=1;size=9:AAAA\007\033]1337;File=inline=1;size=99999999999:AAAA\007\033]30297;\007'; echo whole`,
    /^whole$/m,
  )
  await terminal.run('echo still-$((1+1))', /^still-2$/m)
})

/** The colours that the layer of pictures has. */
async function pixels(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const colours = new Set<string>()
    for (const canvas of document.querySelectorAll<HTMLCanvasElement>('canvas.xterm-image-layer')) {
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? {
        data: [],
      }
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] === 255) colours.add(`${data[at]},${data[at + 1]},${data[at + 2]}`)
      }
    }
    return [...colours]
  })
}

test('a bell marks the title until somebody has looked at the terminal', async ({
  annPage: page,
  terminal,
  sandbox,
}) => {
  await terminal.open(sandbox.id)
  const plain = `${sandbox.name} · Cloche`
  await terminal.run(String.raw`printf '\a'; echo rung`, /^rung$/m)
  await expect(page).toHaveTitle(plain)

  // Chromium says that each of its pages has the focus when Playwright drives it.
  const focus = (has: boolean) =>
    page.evaluate((value) => {
      document.hasFocus = () => value
      if (value) window.dispatchEvent(new Event('focus'))
    }, has)
  await focus(false)
  await terminal.run(String.raw`printf '\a'; echo away`, /^away$/m)
  await expect(page).toHaveTitle(`🔔 ${plain}`)
  await focus(true)
  await expect(page).toHaveTitle(plain)

  await terminal.run(String.raw`echo wait""ing; read -r; printf '\a'; echo behind`, /^waiting$/m)
  // Not before: what is typed while bash still has the terminal to itself is no end of a line for `read`.
  await page.keyboard.press('Enter')
  await terminal.sees(/^behind$/m)
  await terminal.type(String.raw`(until [ -e /tmp/ring ]; do sleep 0.1; done; printf '\a') &`)
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'New terminal' }).click()
  await expect(page.getByRole('tab')).toHaveCount(2)
  await terminal.prompt()
  await terminal.type('touch /tmp/ring\n')
  await expect(page).toHaveTitle(`🔔 ${plain}`)
  await focus(true)
  await expect(page).toHaveTitle(`🔔 ${plain}`)
  await page.getByRole('tab').first().click()
  await expect(page).toHaveTitle(plain)
})
