import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { TextError } from '../lib/text-error'
import { parseDevcontainer } from './parse'
import { setupScript, shellValue } from './setup'

const keys = (text: string) =>
  parseDevcontainer(text).unsupported.map(({ key, reason }) => `${key} ${reason}`)
const problem = (text: string) => {
  try {
    parseDevcontainer(text)
  } catch (error) {
    if (error instanceof TextError) return error.text
  }
  return null
}

describe('a devcontainer.json', () => {
  it('says what can be done, and every other thing is listed', () => {
    const read = parseDevcontainer(`{
      // as people write it
      "name": "Shop", "image": "mcr.example/python:3", "features": {},
      "onCreateCommand": ["echo", "it's"],
      "postCreateCommand": { "one": "make", "two": "make test" },
      "postStartCommand": "true",
      "initializeCommand": "rm -rf /",
      "containerEnv": { "MODE": "dev" }, "remoteEnv": { "GONE": null, "2bad": "x" },
      "forwardPorts": [3000, "localhost:8000", "db:5432", 70000, true],
      "portsAttributes": { "3000": { "label": "Web", "onAutoForward": "ignore" }, "40-50": {} },
      "remoteUser": "vscode", "waitFor": "postCreateCommand", "surprise": 1,
      "customizations": {
        "vscode": {
          "extensions": ["a.b"],
          "settings": { "editor.tabSize": 2, "editor.wordWrap": "on", "editor.insertSpaces": "yes", "files.eol": "x" },
        },
        "codespaces": { "openFiles": ["README.md"] },
      },
    }`)
    expect(read).toMatchObject({
      name: 'Shop',
      editor: { tabSize: 2, wordWrap: true },
      openFiles: ['README.md'],
      ports: [
        { port: 3000, label: 'Web' },
        { port: 8000, label: null },
      ],
    })
    expect([...read.env]).toEqual([
      ['MODE', 'dev'],
      ['GONE', null],
    ])
    expect(read.commands.map(({ key }) => key)).toEqual([
      ...['onCreateCommand', 'postCreateCommand', 'postCreateCommand', 'postStartCommand'],
    ])
    expect(read.unsupported.map(({ key, reason }) => `${key} ${reason}`).sort()).toEqual(
      [
        ...['image image', 'features image', 'initializeCommand host', 'postStartCommand once'],
        ...['remoteEnv.2bad wrongType', 'forwardPorts: "db:5432" otherHost', 'forwardPorts: 70000 wrongType'],
        ...['forwardPorts: true wrongType', 'portsAttributes.3000.onAutoForward unknown'],
        ...['portsAttributes.40-50 unknown', 'remoteUser user', 'waitFor order', 'surprise unknown'],
        'customizations.vscode.extensions extension',
        'customizations.vscode.settings.editor.insertSpaces wrongType',
        'customizations.vscode.settings.files.eol setting',
      ].sort(),
    )
  })

  it('that is hostile gets a clear answer', () => {
    expect(problem(`{"a": "${'x'.repeat(200_000)}"}`)).toBe('devcontainer.tooLarge')
    expect(problem('['.repeat(100_000))).toMatch(/devcontainer\.(tooDeep|notJson)/)
    expect(problem('{"a": ')).toBe('devcontainer.notJson')
    expect(problem('\u0000\u0001')).toBe('devcontainer.notJson')
    for (const text of ['[]', '3', 'null', '"x"']) expect(problem(text), text).toBe('devcontainer.noObject')
    expect(
      keys(`{"postCreateCommand": 7, "onCreateCommand": {"a": {"b": "c"}}, "containerEnv": [1], "forwardPorts": {},
        "portsAttributes": "x", "customizations": [], "remoteEnv": {"A": {"B": 1}}}`).sort(),
    ).toEqual(
      [
        ...['postCreateCommand', 'onCreateCommand', 'containerEnv', 'forwardPorts', 'portsAttributes'],
        ...['customizations', 'remoteEnv.A'],
      ]
        .map((key) => `${key} wrongType`)
        .sort(),
    )
    const polluted = parseDevcontainer('{"__proto__": {"polluted": true}, "constructor": {"prototype": {}}}')
    expect(polluted.commands).toEqual([])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(
      keys(JSON.stringify(Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`k${at}`, 1])))).length,
    ).toBe(200)
  })

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: they are written so
  it('has commands and values that a shell takes as they were written', () => {
    const sh = (script: string) =>
      execFileSync('bash', ['-c', script], {
        encoding: 'utf8',
        env: { ...process.env, HERE: 'a b' },
        stdio: ['ignore', 'pipe', 'ignore'],
      })
    for (const value of [
      'plain',
      'it\'s $HOME `id` \\ "x"\nnext',
      '$(touch /tmp/never)',
      '${PATH:-x}',
      '${containerEnv:X;id}',
    ])
      expect(sh(`printf %s ${shellValue(value, '/r')}`)).toBe(value)
    expect(
      sh(`printf %s ${shellValue('${containerEnv:HERE}/${containerWorkspaceFolder}', '/home/x y')}`),
    ).toBe('a b//home/x y')
    expect(sh(`printf %s ${shellValue('<${localEnv:X:y:z}${localEnv:X}>', '/r')}`)).toBe('<y:z>')
    const text =
      '{"onCreateCommand": ["printf", "%s|", "it\'s", "$HOME"], "postCreateCommand": {"a": "exit 3", "b": "echo never"}}'
    const script = setupScript(parseDevcontainer(text), 'failed here')
    let printed = ''
    try {
      sh(script)
    } catch (error) {
      if (error instanceof Error && 'stdout' in error) printed = String(error.stdout)
    }
    expect(printed).toContain("it's|$HOME|")
    expect(printed).toContain('failed here')
    expect(printed).not.toMatch(/^never$/m)
  })
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: they are written so
})
