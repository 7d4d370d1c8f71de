import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium, type Page } from '@playwright/test'
import type { Cloche } from './cloche.js'
import type { Samples } from './samples.js'

export const clickToPrompt = 'From the click on "Create sandbox" to its prompt, in Chromium'

/** A file of some text is open in it. */
export const openToUsable =
  'From the address of a workspace to its prompt, its files and its editor, in Chromium'

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
    await page.addInitScript(markPrompts)
    await page.goto(`${url}/sign-in`)
    await page.getByLabel('Email').fill(email)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(/\/sandboxes$/)
    for (let round = 0; round < rounds; round++) {
      await cloche.poolFull()
      samples.add(clickToPrompt, subject, await create(page))
      // The prompt may be there before the address is.
      await page.waitForURL(/\/sandboxes\/sb_/)
      const id = page.url().split('/').at(-1) ?? ''
      samples.add(
        openToUsable,
        'Cloche, the scripts in the cache of the browser',
        await open(page, `${url}/sandboxes/${id}`),
      )
      await page.getByRole('link', { name: 'Sandboxes' }).first().click()
      await page.waitForURL(/\/sandboxes$/)
      await cloche.api('DELETE', `/sandboxes/${id}`)
      await sleep(500)
    }
  } finally {
    await running.close()
  }
}

/** Runs in the page: WebGL leaves no text to look at, so what is drawn is known by what came over the line. */
function markPrompts(): void {
  const drawn = () => performance.mark('prompt')
  window.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      this.addEventListener('message', async ({ data }) => {
        const text: string =
          typeof data === 'string'
            ? data
            : data instanceof Blob
              ? await data.text()
              : new TextDecoder().decode(data)
        // The frame that is drawn next holds it; the one after that begins when it is on the screen.
        if (text.includes('$ ')) requestAnimationFrame(() => requestAnimationFrame(drawn))
      })
    }
  }
}

/** @returns milliseconds */
async function create(page: Page): Promise<number> {
  await page.getByRole('button', { name: 'New sandbox' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New sandbox' })
  const button = dialog.getByRole('button', { name: 'Create sandbox' })
  await button.waitFor()
  await sleep(300) // the dialog comes to rest
  await button.evaluate((element) => {
    performance.clearMarks()
    element.addEventListener('click', () => performance.mark('clicked'), { capture: true, once: true })
  })
  await button.click()
  const took = await page.waitForFunction(() => {
    const [clicked] = performance.getEntriesByName('clicked')
    const [prompt] = performance.getEntriesByName('prompt')
    return clicked !== undefined && prompt !== undefined ? prompt.startTime - clicked.startTime : undefined
  })
  return (await took.jsonValue()) ?? Number.NaN
}

/** @returns milliseconds from the navigation on */
async function open(page: Page, address: string): Promise<number> {
  await page.goto(`${address}?file=.bashrc`)
  const took = await page.waitForFunction(() => {
    const [prompt] = performance.getEntriesByName('prompt')
    const shown =
      document.querySelector('[role=treeitem]') && document.querySelector('.cm-content')?.textContent
    if (shown) performance.mark('shown')
    const [first] = performance.getEntriesByName('shown')
    return prompt && first ? Math.max(prompt.startTime, first.startTime) : undefined
  })
  return (await took.jsonValue()) ?? Number.NaN
}
