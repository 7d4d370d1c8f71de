import { expect, type Page } from '@playwright/test'

/** Nothing of the page is wider than the window, and no table or choice wider than its place. */
export async function expectFits(page: Page, name: string): Promise<void> {
  await expect(page.getByText('Loading')).toHaveCount(0)
  const [wide, window] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    return [scrollWidth, clientWidth]
  })
  expect(wide, `${name} scrolls sideways`).toBeLessThanOrEqual(window ?? 0)
  expect(await cut(page), `${name} cuts`).toEqual([])
}

/** Tables that are wider than their place, and names of choices that do not fit. */
function cut(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const tables = [...document.querySelectorAll('section:has(> table)')]
      .filter((section) => section.scrollWidth > section.clientWidth)
      .map((section) => `the table ${section.getAttribute('aria-label')}`)
    const pen = document.createElement('canvas').getContext('2d')
    const selects = [...document.querySelectorAll('select')].filter((select) => {
      const style = getComputedStyle(select)
      if (!pen) return true
      pen.font = style.font
      const room =
        select.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight)
      return pen.measureText(select.selectedOptions[0]?.text ?? '').width > room + 1
    })
    return [...tables, ...selects.map((select) => `the choice ${select.selectedOptions[0]?.text}`)]
  })
}
