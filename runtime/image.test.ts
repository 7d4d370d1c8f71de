import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Instance, lonelyNamespace, startInstance } from './testing/instance.js'
import { testInstance } from './testing/kernel.js'

/** What the template `base` promises, in the one place where its recipe reads it too. */
const programs = readFileSync('images/base/programs', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(/\s+/)[0] ?? '')

describe('a sandbox of the template base', () => {
  let instance: Instance
  let namespace: AsyncDisposable
  let id: string
  /** What a command of the user prints, with its end when that is not 0. */
  const output = async (command: string) => {
    const { stdout, stderr, exit } = await instance.exec(id, command)
    return exit?.exitCode === 0 ? stdout : `${stdout}${stderr} (exit code ${exit?.exitCode})`
  }

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
    id = (await instance.claim({ network: 'none' })).id
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('has every program that is promised, and the documentation promises the same', async () => {
    const missing = await output(
      `for p in ${programs.join(' ')}; do command -v $p >/dev/null || echo $p; done`,
    )
    expect(missing).toBe('')
    const documented = readFileSync('docs/reference/base-template.md', 'utf8')
      .split('\n\n')
      .find((paragraph) => /^(`[^`]+`,?\s*)+$/.test(paragraph))
    const names = documented?.matchAll(/`([^`]+)`/g) ?? []
    expect(Array.from(names, ([, name]) => name)).toEqual([...programs].sort())
    const { description } = JSON.parse(readFileSync('images/base/template.json', 'utf8'))
    for (const name of description.split(' with ')[1].split(/, | and /)) expect(programs).toContain(name)
  })

  it('sends pings, as the user and as root', async () => {
    const one = 'ping -c 1 -W 5 127.0.0.1 >/dev/null && echo reached'
    expect(await output(one)).toBe('reached\n')
    expect(await output(`sudo sh -c '${one}'`)).toBe('reached\n')
  })

  it('has no program that the kernel would refuse to start, for its capabilities are out of reach', async () => {
    const held = 'grep CapBnd /proc/self/status | cut -f2'
    expect(await output(held)).not.toContain('exit code')
    const find = `
import os
bounding = int([line.split()[1] for line in open('/proc/self/status') if line.startswith('CapBnd')][0], 16)
for directory, _, names in os.walk('/', onerror=None):
    if directory == '/':
        names[:] = []
    if directory.startswith(('/proc', '/sys', '/dev')):
        continue
    for path in (os.path.join(directory, name) for name in names):
        try:
            value = os.getxattr(path, 'security.capability', follow_symlinks=False)
        except OSError:
            continue
        permitted = int.from_bytes(value[4:8], 'little') | int.from_bytes(value[12:16], 'little') << 32
        if permitted & ~bounding:
            print(path)
`
    expect(await output(`sudo python3 -c '${find.replaceAll("'", '"')}'`)).toBe('')
  })

  it('knows UTF-8 in English and Chinese, and starts with it', async () => {
    expect(await output('locale -a')).toMatch(/C\.utf8\n[\s\S]*en_US\.utf8\n[\s\S]*zh_CN\.utf8\n/)
    expect(await output('locale charmap; locale 2>&1 >/dev/null')).toBe('UTF-8\n')
    expect(await output('LC_ALL=zh_CN.UTF-8 date -d 2026-03-01 +%B')).toBe('三月\n')
    expect(await output('LC_ALL=en_US.UTF-8 date -d 2026-03-01 +%B')).toBe('March\n')
  })

  it('shows manual pages, and completes the options of commands', async () => {
    expect(await output('man ls | head -n 20')).toContain('list directory contents')
    expect(await output('man 5 proc | head -n 20')).toContain('process information')
    const terminal = await instance.openTerminal(id)
    terminal.type('git --exec-pa\t\r')
    await terminal.sees('/git-core', 30_000)
    terminal[Symbol.dispose]()
  })
})
