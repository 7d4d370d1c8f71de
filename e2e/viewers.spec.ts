import { expect, test } from './test.js'

test('pictures, Markdown, tables and notebooks are drawn, and nothing in them runs', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  const script = `
import base64, json
open('dot.png', 'wb').write(base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg=='))
open('evil.svg', 'w').write('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><script>window.top.ran = 1</script><rect width="10" height="10"/></svg>')
open('read.md', 'w').write('# Title\\n\\n<img src=x onerror="window.ran = 2">\\n\\n[link](javascript:alert(1)) and [ok](https://example.org)\\n')
open('data.csv', 'w').write('name;score\\n' + ''.join(f'pupil {i};{i}\\n' for i in range(5000)))
open('note.ipynb', 'w').write(json.dumps({'nbformat': 4, 'nbformat_minor': 5, 'metadata': {}, 'cells': [
  {'cell_type': 'markdown', 'metadata': {}, 'source': ['# Notes']},
  {'cell_type': 'code', 'metadata': {}, 'execution_count': 1, 'source': 'print(6 * 7)', 'outputs': [{'output_type': 'stream', 'name': 'stdout', 'text': ['42\\n']}]}]}))`
  await ann.call('POST', `/api/v1/sandboxes/${sandbox.id}/exec`, { command: ['python3', '-c', script] })
  await terminal.open(sandbox.id)
  const panel = page.locator('#editor-panel-0')
  const open = async (name: string) => {
    await page.getByRole('treeitem', { name: new RegExp(`^${name}`) }).click()
    await page.getByRole('tree').focus()
    await page.keyboard.press('Enter')
  }
  await open('dot\\.png')
  await expect(panel.getByText('5 × 5')).toBeVisible()
  await open('evil\\.svg')
  await panel.getByRole('button', { name: 'Preview' }).click()
  await expect(panel.getByText('10 × 10')).toBeVisible()
  await open('read\\.md')
  await panel.getByRole('button', { name: 'Preview' }).click()
  await expect(panel.getByRole('heading', { name: 'Title' })).toBeVisible()
  await expect(panel.getByText('onerror=')).toBeVisible()
  await expect(panel.getByRole('link')).toHaveCount(1)
  await open('data\\.csv')
  await expect(panel.getByRole('columnheader', { name: 'score' })).toBeVisible()
  await expect(panel.getByRole('cell', { name: 'pupil 3', exact: true })).toBeVisible()
  expect(await panel.getByRole('row').count()).toBeLessThan(200)
  await open('note\\.ipynb')
  await expect(panel.getByRole('heading', { name: 'Notes' })).toBeVisible()
  await expect(panel.getByText('42', { exact: true })).toBeVisible()
  await panel.getByRole('button', { name: 'Edit' }).click()
  await expect(panel.locator('.cm-content')).toContainText('nbformat')
  expect(await page.evaluate(() => 'ran' in window)).toBe(false)
})
