import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { projectScript } from '../../app/inside/project.js'
import { type Instance, lonelyNamespace, startInstance } from '../../runtime/testing/instance.js'
import { testInstance } from '../../runtime/testing/kernel.js'
import { findScript, installedOf } from '../../server/lsp/servers.js'
import { readSettings } from '../settings.js'
import { installTemplate } from './install.js'

/** What the starter of a template says when it is run, and what the template brings. */
const promises: Readonly<
  Record<string, { says: RegExp; serves?: number; programs: string[]; lsp?: string[] }>
> = {
  base: { says: /^Hello from .*\nProcessors: \d/, programs: ['git'] },
  python: { says: /^2 the\n/, programs: ['python3', 'pip3', 'pytest-3'], lsp: ['pylsp'] },
  node: { says: /listening/, serves: 3000, programs: ['node', 'npm', 'tsc'], lsp: ['typescript'] },
  web: {
    says: /Serving HTTP/,
    serves: 8000,
    programs: ['node', 'npm'],
    lsp: ['html', 'css', 'json', 'typescript'],
  },
  'c-cpp': { says: /^.*\n1 brown\n/, programs: ['gcc', 'g++', 'gdb', 'cmake'], lsp: ['clangd'] },
  java: { says: /^1 brown\n/, programs: ['java', 'javac'] },
  go: { says: /^1 brown\n/, programs: ['go'], lsp: ['gopls'] },
  rust: { says: /1 brown\n/, programs: ['cargo', 'rustc', 'rustfmt'] },
}

/** Building takes a minute for each: this one shows that layers work, the others are looked at where they were built. */
const alwaysBuilt = ['base', 'python']
const cache = process.env.CLOCHE_IMAGE_CACHE ?? '/var/cache/cloche/images'
const isBuilt = (name: string) => {
  const hash = execFileSync('images/tar', [name, '--hash'], { encoding: 'utf8' }).trim()
  return existsSync(join(cache, `${name}-${hash}.tar`))
}

it('every recipe has a description of the same shape, and every starter tells what it is', () => {
  for (const name of readdirSync('images').filter((one) =>
    existsSync(join('images', one, 'template.json')),
  )) {
    const { description } = z
      .object({ description: z.string().min(2) })
      .parse(JSON.parse(readFileSync(join('images', name, 'template.json'), 'utf8')))
    expect(description).not.toBe('')
    if (name in promises)
      expect(readFileSync(join('images', name, 'starter/README.md'), 'utf8')).toMatch(/^# Welcome/)
  }
})

describe('a template', () => {
  let namespace: AsyncDisposable
  let instance: Instance

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it.each(Object.keys(promises))(
    '%s has what it promises, and its starter runs as the page runs it',
    async (name) => {
      if (!alwaysBuilt.includes(name) && !isBuilt(name)) return
      const { says, serves, programs, lsp = [] } = promises[name] ?? { says: /./, programs: [] }
      if (name !== 'base') {
        const settings = readSettings({
          ...process.env,
          ...{ CLOCHE_INSTANCE: testInstance, CLOCHE_HOME: instance.home },
        })
        expect(await installTemplate(settings, name, () => {})).toBe(true)
        await instance.call('POST', '/templates/reload')
      }
      const { id } = await instance.claim({
        ...{ template: name, network: 'none' },
        limits: { cpus: 2, memoryMiB: 1024, diskMiB: 1024, pids: 256 },
      })
      const output = async (command: string | string[]) => (await instance.exec(id, command)).stdout
      const missing = `for p in ${programs.join(' ')}; do command -v $p >/dev/null || echo $p; done`
      expect(await output(missing)).toBe('')
      const servers = installedOf(await output([...findScript]))
      expect(servers.map((one) => one.id)).toEqual(expect.arrayContaining(lsp))

      await output('cp -rn /usr/share/cloche/starter/. .')
      const [directory, command = ''] = (
        await output(['/bin/sh', '-c', projectScript, 'sh', '/home/user', '/home/user'])
      ).split('\0')
      expect(directory).toBe('/home/user')
      if (serves === undefined) expect(await output(command)).toMatch(says)
      else {
        await output(`(setsid ${command} > log 2>&1 &)
          for i in $(seq 100); do curl -sf localhost:${serves} -o page && break; sleep 0.1; done`)
        expect(await output('cat page')).toMatch(/Hello/)
      }
      await instance.call('DELETE', `/sandboxes/${id}`)
    },
    600_000,
  )

  it('shows the state of git in the prompt, and runs nothing that the name of a branch says', async () => {
    const branch = 'x$(touch$' + '{IFS}broken)'
    const { id } = await instance.claim({ network: 'none' })
    await instance.exec(
      id,
      `git init -q -b '${branch}' /tmp/r && cd /tmp/r && echo 1 > f && git add f &&
      git -c user.name=A -c user.email=a@x commit -qm 1 && echo 2 > f`,
    )
    const terminal = await instance.openTerminal(id)
    terminal.type('cd /tmp/r\r')
    await terminal.sees(` (${branch} *)$ `, 30_000)
    terminal.type('cd /\r')
    terminal.type('echo "[$_git_state]"\r')
    await terminal.sees('[]', 30_000)
    expect((await instance.exec(id, 'ls /tmp/r ~')).stdout).not.toContain('broken')
    terminal[Symbol.dispose]()
  })
})
