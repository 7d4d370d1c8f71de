import { expect, type Locator, type Page } from '@playwright/test'

/**
 * A terminal as a screen reader has it: WebGL leaves no text in the document, so the tests turn on the support that a
 * person would.
 */
export class TerminalView {
  /** The rows that are on the screen now. */
  readonly rows: Locator

  private constructor(readonly page: Page) {
    this.rows = page.locator('.xterm-accessibility-tree')
  }

  static async of(page: Page): Promise<TerminalView> {
    await page.addInitScript(() => {
      localStorage.setItem('cloche-terminal', JSON.stringify({ screenReader: true }))
    })
    return new TerminalView(page)
  }

  /** Opens a sandbox's workspace and waits for the prompt. */
  async open(sandboxId: string): Promise<void> {
    await this.page.goto(`/sandboxes/${sandboxId}`)
    await this.prompt()
  }

  async prompt(): Promise<void> {
    await this.sees(/\$\s*$/)
  }

  async sees(what: RegExp): Promise<void> {
    await expect.poll(() => this.text(), { timeout: 30_000 }).toMatch(what)
  }

  /** What is on the screen. Empty while there is no terminal. */
  async text(): Promise<string> {
    const rows = await this.rows.locator('> div').allTextContents()
    return rows
      .map((row) => row.replaceAll('\u00a0', ' ').trimEnd())
      .join('\n')
      .trimEnd()
  }

  /** All of it, with what has scrolled away, by the page's own way to read it as text. */
  async history(): Promise<string> {
    await this.page.getByRole('button', { name: 'Terminal settings' }).click()
    await this.page.getByRole('menuitem', { name: 'View as text' }).click()
    const dialog = this.page.getByRole('dialog', { name: 'Terminal text' })
    const text = await dialog.locator('pre').textContent()
    await this.page.keyboard.press('Escape')
    await expect(dialog).toBeHidden()
    return text ?? ''
  }

  async type(text: string): Promise<void> {
    await this.page.getByRole('textbox', { name: 'Terminal input' }).focus()
    await this.page.keyboard.type(text)
  }

  /** Types a command line and waits for what it prints. */
  async run(command: string, answer: RegExp): Promise<void> {
    await this.type(`${command}\n`)
    await this.sees(answer)
  }
}
