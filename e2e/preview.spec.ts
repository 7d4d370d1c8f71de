import { expect, test } from './test.js'

/** An app with pages, that says which cookies it was sent, and counts how often it was asked. */
const app = `
import http.server
class App(http.server.BaseHTTPRequestHandler):
    times = 0
    def do_GET(self):
        App.times += 1
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.end_headers()
        cookies = self.headers.get('Cookie') or 'none'
        self.wfile.write(f'<h1>Page {self.path}</h1><p id=times>{App.times}</p><p id=cookies>{cookies}</p><p id=width></p><a href="/next">Next</a><a href="https://example.com" target=_top>Away</a><script>width.textContent = innerWidth</script>'.encode())
    def log_message(self, *a): pass
http.server.HTTPServer(('127.0.0.1', 8000), App).serve_forever()
`

test('an app is previewed beside the editor: private, by address, at the widths of devices', async ({
  annPage: page,
  ann,
  terminal,
  sandbox,
  mayComplain,
}) => {
  // The address stays in the frame; what reads the storage is this test's own.
  mayComplain(/401|favicon|navigate the top-level window|sandboxed|localStorage/)
  await ann.call('PUT', `/api/v1/sandboxes/${sandbox.id}/files?path=/home/user/app.py`, app, {
    'content-type': 'application/octet-stream',
  })
  await page.setViewportSize({ width: 1440, height: 900 })
  await terminal.open(sandbox.id)
  await terminal.type('python3 app.py &\n')
  await page.getByRole('button', { name: 'Ports: 8000' }).click()
  await page.getByRole('menuitem', { name: 'Show beside the editor' }).click()
  const pane = page.getByRole('region', { name: 'Preview' })
  const frame = pane.frameLocator('iframe')
  await expect(frame.getByRole('heading', { name: 'Page /', exact: true })).toBeVisible()
  await expect(frame.locator('#cookies'), 'nothing of the platform reaches the app').toHaveText('none')

  const address = pane.getByRole('textbox', { name: 'Path on port 8000' })
  await address.fill('http://localhost:8000/deep?x=1')
  await address.press('Enter')
  await expect(frame.getByRole('heading', { name: 'Page /deep?x=1' })).toBeVisible()
  await expect(address).toHaveValue('/deep?x=1')
  await address.fill('https://example.com/')
  await address.press('Enter')
  await expect(pane.getByRole('alert')).toContainText('not of this sandbox')
  await expect(frame.getByRole('heading', { name: 'Page /deep?x=1' })).toBeVisible()

  const times = Number(await frame.locator('#times').textContent())
  await pane.getByRole('button', { name: 'Reload preview' }).click()
  await expect(frame.locator('#times')).not.toHaveText(String(times))

  await pane.getByRole('button', { name: 'Width of a phone' }).click()
  expect(await pane.locator('iframe').evaluate((one) => one.clientWidth)).toBe(390)
  await pane.getByRole('button', { name: 'Full width' }).click()

  await frame.getByRole('link', { name: 'Away' }).click()
  await frame.getByRole('link', { name: 'Next' }).click()
  await expect(
    frame.getByRole('heading', { name: 'Page /next' }),
    'an app leads its frame only',
  ).toBeVisible()
  await expect(page).toHaveURL(new RegExp(sandbox.id))

  await page.reload()
  await expect(frame.getByRole('heading', { name: 'Page /deep?x=1' }), 'it is remembered').toBeVisible()
  await page.keyboard.press('Control+Shift+P')
  await expect(page.getByRole('dialog', { name: 'Go to a file or a command' })).toBeVisible()
  await page.keyboard.type('Close preview')
  await page.keyboard.press('Enter')
  await expect(pane).toBeHidden()
  await page.keyboard.press('Control+Shift+P')
  await expect(page.getByRole('dialog', { name: 'Go to a file or a command' })).toBeVisible()
  await page.keyboard.type('Preview port 8000')
  await page.keyboard.press('Enter')
  await expect(frame.getByRole('heading', { name: 'Page /deep?x=1' })).toBeVisible()
})
