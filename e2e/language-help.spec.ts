import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import type { TestClient } from '../testing/client.js'
import { installImpostor, installTypescriptServer, typescriptLimits } from '../testing/language-server.js'
import { expect, test } from './test.js'

const item = (page: Page, name: string) => page.getByRole('treeitem', { name, exact: true })
const editor = (page: Page) => page.locator('.cm-content')
const status = (page: Page) => page.getByRole('region', { name: 'Editor' }).locator('footer')
const markOn = (page: Page) => (kind: string) => page.locator(`.cm-scroll-mark-${kind}`)
const shell = (ann: TestClient, id: string) => async (command: string) =>
  (await ann.call('POST', `/api/v1/sandboxes/${id}/exec`, { command })).body.stdout

/** Puts the cursor to a place by the keys of the page. */
async function goTo(page: Page, file: string, line: number): Promise<void> {
  await page.keyboard.press('Control+KeyP')
  await expect(page.getByRole('dialog', { name: 'Go to a file or a command' })).toBeVisible()
  await page.keyboard.type(`${file}:${line}`)
  await expect(page.getByRole('option', { name: file }).first()).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(page.getByText(`Line ${line}, column 1`, { exact: true })).toBeVisible()
  await expect(editor(page)).toBeFocused()
}

/** Takes what is completed. Keys are not for a list that has come less than 75 ms ago: nobody has read it. */
async function complete(page: Page, name: string): Promise<void> {
  const list = page.locator('.cm-tooltip-autocomplete:not(.cm-tooltip-autocomplete-disabled)')
  await expect(list.getByRole('option', { name, selected: true })).toBeVisible()
  await page.waitForTimeout(150)
  await page.keyboard.press('Enter')
}

test('a language server helps: completion, problems, definition, rename over files, format, symbols', async ({
  annPage: page,
  terminal,
  ann,
}) => {
  const { body: box } = await ann.call('POST', '/api/v1/sandboxes', { limits: typescriptLimits })
  await installTypescriptServer(ann, box.id)
  const mark = markOn(page)
  const run = shell(ann, box.id)
  const write = (path: string, text: string) =>
    ann.call('PUT', `/api/v1/sandboxes/${box.id}/files?path=${path}`, text)
  await write('tsconfig.json', '{ "compilerOptions": { "strict": true, "types": [] } }')
  await write(
    'lib.ts',
    "/** Says hello. */\nexport function greet(name: string): string {\n  return 'Hello ' + name\n}\n",
  )
  await write('main.ts', "import { greet } from './lib'\nconst   words: number = greet('you')\nwords.\n")
  await write('third.ts', "import { greet } from './lib'\n\ngreet('third')\n")
  await terminal.open(box.id)
  await item(page, 'main.ts').click()
  await expect(editor(page)).toBeFocused()
  await expect(status(page).getByText('typescript', { exact: true })).toBeVisible()

  // Problems: counted, underlined, listed, and reached by keys.
  const counts = status(page).getByRole('button', { name: /2 errors, 0 warnings/ })
  await expect(counts).toBeVisible()
  await expect(page.locator('.cm-lintRange-error').first()).toHaveText('words')
  await expect(page.locator('.cm-lint-marker-error').first()).toBeVisible()
  await page.keyboard.press('Control+Shift+KeyM')
  const problems = page.getByRole('region', { name: 'Problems' })
  const first = problems.getByRole('button', { name: /Type 'string' is not assignable to type 'number'/ })
  await expect(first).toBeFocused()
  const axe = new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
  expect((await axe.analyze()).violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`)).toEqual([])
  await expect(mark('error').first()).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(page.getByText('Line 2, column 9', { exact: true })).toBeVisible()
  await expect(editor(page)).toBeFocused()
  await page.keyboard.press('F8')
  await expect(page.getByText('Line 2, column 14', { exact: true })).toBeVisible()
  await page.keyboard.press('Control+Shift+KeyM')
  await expect(problems).toHaveCount(0)

  // Completion.
  await goTo(page, 'main.ts', 3)
  await page.keyboard.press('End')
  await page.keyboard.type('toFix')
  await complete(page, 'toFixed')
  await expect(page.locator('.cm-line').nth(2)).toHaveText('words.toFixed')

  // What is under the pointer.
  await page.locator('.cm-line').nth(1).getByText('greet').hover()
  const hover = page.locator('.cm-lsp-hover-tooltip')
  await expect(hover).toContainText('greet(name: string): string')
  await expect(hover).toContainText('Says hello.')

  // Definition, in another file.
  await goTo(page, 'main.ts', 2)
  for (let step = 0; step < 26; step++) await page.keyboard.press('ArrowRight')
  await page.keyboard.press('F12')
  await expect(page.getByRole('tab', { name: 'lib.ts' })).toHaveAttribute('aria-selected', 'true')
  await expect(page.getByText('Line 2, column 17', { exact: true })).toBeVisible()

  // References, listed with their lines.
  await expect(status(page).getByText('typescript', { exact: true })).toBeVisible()
  await page.keyboard.press('Shift+F12')
  const uses = page.getByRole('region', { name: 'References to greet' })
  await expect(uses.getByRole('button', { name: /greet\('third'\)/ })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(uses).toHaveCount(0)
  await expect(editor(page)).toBeFocused()

  // Renamed in the file that is shown, in one behind a tab, and in one that was never opened.
  await page.keyboard.press('F2')
  const name = page.getByRole('textbox', { name: 'New name' })
  await expect(name).toBeFocused()
  await name.fill('welcome')
  await page.keyboard.press('Enter')
  await expect(page.getByText('Renamed to welcome in 3 files.').first()).toBeVisible()
  await expect.poll(() => run('grep -l welcome *.ts; grep -l greet *.ts')).toBe('lib.ts\nmain.ts\nthird.ts\n')
  await page.getByRole('tab', { name: 'main.ts' }).click()
  await expect(page.locator('.cm-line').first()).toHaveText("import { welcome } from './lib'")
  await expect(status(page).getByRole('button', { name: /1 error, 0 warnings/ })).toBeVisible()

  await page.keyboard.press('Shift+Alt+KeyF')
  await expect(page.locator('.cm-line').nth(1)).toHaveText("const words: number = welcome('you')")
  await expect.poll(() => run('sed -n 2p main.ts')).toBe("const words: number = welcome('you')\n")

  await page.keyboard.press('Control+Shift+KeyO')
  await expect(page.getByRole('option', { name: 'words' })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(page.getByText('Line 2, column 7', { exact: true })).toBeVisible()

  // What the server can do about a line: the name that is missing is imported; by a command, a constant is taken out.
  await write('fourth.ts', "welcome('you')\n")
  await item(page, 'fourth.ts').click()
  await expect(status(page).getByRole('button', { name: /2 errors, 0 warnings/ })).toBeVisible()
  await page.keyboard.press('Control+Home')
  await page.keyboard.press('Control+Period')
  const fixes = page.getByRole('region', { name: 'Fixes for line 1' })
  await expect(fixes.getByRole('button', { name: /Add import from "\.\/lib"/ })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(fixes).toHaveCount(0)
  await expect(page.locator('.cm-line').first()).toHaveText(/^import \{ welcome \} from ['"]\.\/lib['"];?$/)
  await expect(editor(page)).toBeFocused()
  await expect.poll(() => run('head -1 fourth.ts')).toContain('import { welcome }')
  await page.keyboard.press('Control+End')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Home')
  await page.keyboard.press('Shift+End')
  await page.keyboard.press('Control+Period')
  await page.getByRole('button', { name: /Extract to constant in enclosing scope/ }).click()
  await expect(editor(page)).toContainText('const newLocal = welcome')
  await page.getByRole('tab', { name: 'main.ts' }).click()

  // It dies, which is shown and repaired.
  await run("pkill -9 -f '[t]ypescript-language-server'")
  await expect(status(page).getByText('typescript stopped: it was killed. Restarting…')).toBeVisible()
  await expect(status(page).getByText('typescript', { exact: true })).toBeVisible()
  await goTo(page, 'main.ts', 3)
  await page.keyboard.press('End')
  await page.keyboard.type('()\nwelc')
  await expect(
    page.locator('.cm-tooltip-autocomplete').getByRole('option', { name: 'welcome' }),
  ).toBeVisible()
  await page.keyboard.press('Escape')
  // With what was typed since it died.
  await expect(status(page).getByRole('button', { name: /2 errors, 0 warnings/ })).toBeVisible()
  await ann.call('DELETE', `/api/v1/sandboxes/${box.id}`, {})
})

test('beside the scroll bar: what the search finds, what is not saved, and what the last commit does not have', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
}) => {
  const mark = markOn(page)
  const run = shell(ann, sandbox.id)
  const identity = '-c user.name=Ann -c user.email=ann@example.org'
  await run(`git init -q && seq 500 > numbers.txt && git add numbers.txt && git ${identity} commit -qm first`)
  await run("sed -i 's/^250$/changed/' numbers.txt")
  await terminal.open(sandbox.id)
  await page.getByRole('treeitem', { name: /^numbers.txt/ }).click()
  await expect(mark('changed')).toHaveCount(1)
  const [scroller, place] = [
    await page.locator('.cm-scroller').boundingBox(),
    await mark('changed').boundingBox(),
  ]
  const share = ((place?.y ?? 0) - (scroller?.y ?? 0)) / (scroller?.height ?? 1)
  expect(share).toBeGreaterThan(0.4)
  expect(share).toBeLessThan(0.6)
  await page.keyboard.press('Control+KeyF')
  await page.getByRole('textbox', { name: 'Find' }).pressSequentially('77')
  await expect(mark('match')).toHaveCount(5)
  await page.keyboard.press('Escape')
  await expect(mark('match')).toHaveCount(0)
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('new')
  await expect(mark('unsaved')).toHaveCount(1)
  await expect(mark('unsaved')).toHaveCount(0)
  await expect(mark('changed')).toHaveCount(2)
})

/** Speaks as a language server does; what it says of a place is hostile. */
const hostile = `
import sys, json
def read():
    length = 0
    while True:
        line = sys.stdin.buffer.readline()
        if line in (b'', b'\\r\\n'): break
        if line.lower().startswith(b'content-length:'): length = int(line.split(b':')[1])
    return json.loads(sys.stdin.buffer.read(length)) if length else sys.exit(3)
def write(**value):
    body = json.dumps({'jsonrpc': '2.0', **value}).encode()
    sys.stdout.buffer.write(b'Content-Length: %d\\r\\n\\r\\n' % len(body) + body)
    sys.stdout.buffer.flush()
evil = '<img src=x onerror="document.title=1"><a href="javascript:document.title=2" class="fixed inset-0" style="position:fixed">look</a><form action=/evil><input></form>'
place = {'start': {'line': 99999, 'character': 7}, 'end': {'line': 0, 'character': 10**9}}
while True:
    message = read()
    method, id = message.get('method'), message.get('id')
    if method == 'initialize': write(id=id, result={'capabilities': {'hoverProvider': True, 'renameProvider': True}})
    elif method == 'textDocument/didOpen':
        uri = message['params']['textDocument']['uri']
        write(method='textDocument/publishDiagnostics', params={'uri': uri, 'diagnostics': [{'range': place, 'message': evil}, 7, None]})
        write(method='textDocument/publishDiagnostics', params='nonsense')
        write(id='unasked', method='workspace/applyEdit', params={'edit': {'changes': {uri: [{'range': {'start': {'line': 0, 'character': 0}, 'end': {'line': 0, 'character': 4}}, 'newText': 'owned'}]}}})
    elif method is None and id == 'unasked':
        write(method='textDocument/publishDiagnostics', params={'uri': uri, 'diagnostics': [{'range': place, 'message': evil}, {'range': place, 'message': 'applied: ' + str(message['result']['applied'])}]})
    elif method == 'textDocument/hover': write(id=id, result={'contents': {'kind': 'markdown', 'value': evil}})
    elif method == 'textDocument/rename':
        edits = [{'range': place, 'newText': 'owned'}]
        write(id=id, result={'changes': {message['params']['textDocument']['uri']: edits, 'https://elsewhere/x': edits}})
`

test('without a server the editor says once what gives one; a hostile one is shown and does no harm', async ({
  annPage: page,
  terminal,
  sandbox,
  ann,
  mayComplain,
}) => {
  // What is hostile is parsed, to be taken out, in a document of its own, which has the policy of the page.
  mayComplain(/inline (event handler|style)/)
  const run = shell(ann, sandbox.id)
  await run("printf 'name = 1\\nprint(name)\\n' > main.py")
  await terminal.open(sandbox.id)
  await item(page, 'main.py').click()
  const hint = status(page).getByText('For completion and checks: sudo apt-get install python3-pylsp')
  await expect(hint).toBeVisible()
  await page.reload()
  await expect(page.getByText('Python', { exact: true })).toBeVisible()
  await terminal.prompt()
  await expect(hint).toHaveCount(0)
  await page.keyboard.press('Control+Shift+Digit2')
  await expect(editor(page)).toBeFocused()

  // One that ends at once is started a few times, then when somebody wants it.
  await installImpostor(ann, sandbox.id, 'pylsp', 'import sys\nsys.exit("out of luck")\n')
  const restart = async () => {
    await page.keyboard.press('Control+Shift+KeyP')
    await expect(page.getByRole('dialog', { name: 'Go to a file or a command' })).toBeVisible()
    await page.keyboard.type('restart language')
    await expect(page.getByRole('option', { name: 'Restart language servers' })).toBeVisible()
    await page.keyboard.press('Enter')
  }
  await restart()
  await expect(status(page).getByText('pylsp stopped: it exited. Restarting…')).toBeVisible()
  await expect(status(page).getByText('pylsp stopped: it exited.', { exact: true })).toBeVisible()
  await installImpostor(ann, sandbox.id, 'pylsp', hostile)
  await status(page).getByRole('button', { name: 'Restart' }).click()
  await expect(status(page).getByText('pylsp', { exact: true })).toBeVisible()

  // What nobody chose is not applied, and the server is told so.
  const counts = status(page).getByRole('button', { name: /2 errors/ })
  await expect(counts).toBeVisible()
  await page
    .locator('.cm-line')
    .first()
    .hover({ position: { x: 20, y: 10 } })
  const hover = page.locator('.cm-lsp-hover-tooltip')
  await expect(hover).toHaveText('look')
  expect(await hover.innerHTML()).not.toMatch(/img|script|style|fixed|form|input/)
  await counts.click()
  const line = page.getByRole('region', { name: 'Problems' }).getByRole('button', { name: /<img src=x/ })
  await expect(
    page.getByRole('region', { name: 'Problems' }).getByRole('button', { name: /applied: False/ }),
  ).toBeVisible()
  await line.click()
  await expect(editor(page)).toBeFocused()
  // Edits of places that the text does not have change nothing.
  await page.keyboard.press('Control+Home')
  await page.keyboard.press('F2')
  await page.getByRole('textbox', { name: 'New name' }).fill('other')
  await page.keyboard.press('Enter')
  await expect(
    page.getByText('main.py was changed meanwhile. Nothing was changed; try again.').first(),
  ).toBeVisible()
  await expect(editor(page)).toContainText('print(name)')
  expect(await page.title()).toContain('Cloche')
})
