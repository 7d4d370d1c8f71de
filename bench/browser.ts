import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Page } from '@playwright/test'
import type { Cloche } from './cloche.js'
import type { Samples } from './samples.js'

export const clickToPrompt = 'From the click on "Create sandbox" to its prompt, in Chromium'

const program = '/usr/bin/chromium'
const subject = 'Cloche, signed in, the dashboard open'

/** A person at the dashboard, again and again. The clock is the page's own: the driver of the browser costs it nothing. */
export async function browser(samples: Samples, cloche: Cloche, rounds: number): Promise<void> {
  if (!existsSync(program)) return samples.cannot(clickToPrompt, subject, 'Chromium is not installed')
  const running = await chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
  })
  try {
    const page = await running.newPage({ viewport: { width: 1280, height: 800 } })
    const { url, email, password } = cloche.instance.admin
    await page.addInitScript(() => {
      // WebGL leaves no text to look at; what is for screen readers does.
      localStorage.setItem('cloche-terminal', JSON.stringify({ screenReader: true }))
    })
    await page.goto(`${url}/sign-in`)
    await page.getByLabel('Email').fill(email)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(/\/sandboxes$/)
    for (let round = 0; round < rounds; round++) {
      await cloche.poolFull()
      samples.add(clickToPrompt, subject, await create(page))
      const id = page.url().split('/').at(-1) ?? ''
      await page.getByRole('link', { name: 'Sandboxes' }).first().click()
      await page.waitForURL(/\/sandboxes$/)
      await cloche.api('DELETE', `/sandboxes/${id}`)
      await sleep(500)
    }
  } finally {
    await running.close()
  }
}

/** @returns milliseconds */
async function create(page: Page): Promise<number> {
  await page.getByRole('button', { name: 'New sandbox' }).first().click()
  const button = page
    .getByRole('dialog', { name: 'New sandbox' })
    .getByRole('button', { name: 'Create sandbox' })
  await button.waitFor()
  await sleep(300) // the dialog comes to rest
  await button.evaluate((element) => {
    element.addEventListener('click', () => performance.mark('clicked'), { capture: true, once: true })
  })
  await button.click()
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const look = () => {
          const text = document.querySelector('.xterm-accessibility-tree')?.textContent ?? ''
          const clicked = performance.getEntriesByName('clicked').at(-1)?.startTime ?? 0
          if (/\$\s*$/.test(text.replaceAll('\u00a0', ' ').trimEnd())) resolve(performance.now() - clicked)
          else requestAnimationFrame(look)
        }
        look()
      }),
  )
}
