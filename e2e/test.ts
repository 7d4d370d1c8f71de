import { type BrowserContext, test as base, expect, type Page } from '@playwright/test'
import { TestClient } from '../testing/client.js'
import { type Shared, shared } from './shared.js'
import { TerminalView } from './terminal-view.js'

export { expect }

interface Fixtures {
  readonly instance: Shared
  /** Ann's calls, beside her pages. */
  readonly ann: TestClient
  readonly ben: TestClient
  /** A sandbox of Ann's, deleted after the test. */
  readonly sandbox: { readonly id: string; readonly name: string }
  /** Ann's page, signed in. */
  readonly annPage: Page
  /** A page of somebody signed in with this cookie. */
  readonly pageOf: (cookie: string) => Promise<Page>
  /** What the page's terminal shows. */
  readonly terminal: TerminalView
  /** Deletes what a test leaves in Ann's tenant, as work of students: others begin with an empty list. */
  readonly tidy: undefined
  /** The browser may complain of what matches: a test that breaks the line says so. */
  readonly mayComplain: (what: RegExp) => void
}

/**
 * Answers that a page asked for and dealt with are logged by Chromium all the same; the rest is said of slow machines,
 * by WebGL in software and by xterm. Links of sandboxes that come and go are changes of this machine's network: what is
 * under way then is given up by the browser, and asked for again by the page.
 */
const harmless =
  /Failed to load resource: (the server responded with a status of (401|404)|net::ERR_NETWORK_CHANGED)|GPU stall due to ReadPixels|task queue exceeded/

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures' names from the pattern
  instance: async ({}, use) => use(shared()),
  baseURL: async ({ instance }, use) => use(instance.url),
  ann: async ({ instance }, use) =>
    use(new TestClient(instance.url, { cookie: instance.ann.cookie, origin: instance.url })),
  ben: async ({ instance }, use) =>
    use(new TestClient(instance.url, { cookie: instance.ben.cookie, origin: instance.url })),
  sandbox: async ({ ann }, use, info) => {
    const name = `box of ${info.title.slice(0, 40)}`.replace(/[^\w ]/g, '')
    const limits = { cpus: 0.5, memoryMiB: 128, diskMiB: 64, pids: 64 }
    const { body } = await ann.call('POST', '/api/v1/sandboxes', { name, limits })
    await use({ id: body.id, name })
    await ann.call('DELETE', `/api/v1/sandboxes/${body.id}`, {})
  },
  tidy: [
    async ({ ann }, use) => {
      await use(undefined)
      const { status, body } = await ann.call('GET', '/api/v1/sandboxes')
      expect(status).toBe(200)
      for (const { id } of body.items) await ann.call('DELETE', `/api/v1/sandboxes/${id}`, {})
    },
    { auto: true },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: as above
  mayComplain: async ({}, use) => use((what) => allowed.push(what)),
  context: async ({ context }, use) => {
    const complaints: string[] = []
    allowed.length = 0
    watch(context, complaints)
    await use(context)
    const serious = complaints.filter((line) => ![harmless, ...allowed].some((known) => known.test(line)))
    expect(serious, 'the browser complains of nothing, also not of the content security policy').toEqual([])
  },
  pageOf: async ({ context, instance }, use) => {
    await use(async (cookie) => {
      await context.clearCookies()
      await context.addCookies(cookiesOf(cookie, instance.url))
      return context.newPage()
    })
  },
  annPage: async ({ pageOf, instance }, use) => use(await pageOf(instance.ann.cookie)),
  terminal: async ({ annPage }, use) => use(await TerminalView.of(annPage)),
})

const allowed: RegExp[] = []

/** An address that nobody has signed up with yet, also where a test is tried once more. */
export const emailOf = (name: string) => `${name}@${'again.'.repeat(base.info().retry)}example.test`

/**
 * Answers the question that a page asks, and waits until it is done: while a dialog is open the rest of the page is
 * hidden from roles, so that what is looked for there is hidden also where nothing has happened yet.
 */
export async function answer(page: Page, action: string): Promise<void> {
  const question = page.getByRole('alertdialog')
  await question.getByRole('button', { name: action }).click()
  await expect(question).toBeHidden()
}

function watch(context: BrowserContext, complaints: string[]): void {
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
}

function cookiesOf(header: string, url: string) {
  return header.split('; ').map((pair) => {
    const at = pair.indexOf('=')
    return { name: pair.slice(0, at), value: pair.slice(at + 1), url, httpOnly: true }
  })
}
