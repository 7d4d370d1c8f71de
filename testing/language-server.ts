import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { TestClient } from './client.js'

const run = promisify(execFile)
const { resolve } = createRequire(import.meta.url)

/** Enough for TypeScript's own server. */
export const typescriptLimits = { cpus: 1, memoryMiB: 768, diskMiB: 512, pids: 128 }

/**
 * Puts TypeScript's language server into a sandbox, with the Node.js that runs the test: the smallest real one there is
 * without anything from elsewhere.
 */
export async function installTypescriptServer(client: TestClient, sandboxId: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'cloche-lsp-'))
  try {
    const modules = join(directory, '.local/lib/node_modules')
    await mkdir(join(directory, '.local/bin'), { recursive: true })
    await mkdir(join(modules, 'typescript'), { recursive: true })
    const compiler = dirname(resolve('typescript/package.json'))
    await cp(join(compiler, 'package.json'), join(modules, 'typescript/package.json'))
    await cp(join(compiler, 'lib'), join(modules, 'typescript/lib'), {
      recursive: true,
      filter: (from) => !/\/(?:\w\w(?:-\w+)?|_tsc\.js)$/.test(from),
    })
    const server = dirname(resolve('typescript-language-server/package.json'))
    await cp(server, join(modules, 'typescript-language-server'), { recursive: true })
    await cp(process.execPath, join(directory, '.local/bin/node'))
    await symlink(
      '../lib/node_modules/typescript-language-server/lib/cli.mjs',
      join(directory, '.local/bin/typescript-language-server'),
    )
    const tar = join(directory, 'all.tar')
    await run('tar', ['-cf', tar, '-C', directory, '.local'])
    const answer = await client.call(
      ...([
        'PUT',
        `/api/v1/sandboxes/${sandboxId}/archive?path=.`,
        new Uint8Array(await readFile(tar)),
      ] as const),
      { 'content-type': 'application/x-tar' },
    )
    if (answer.status >= 300) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Puts a Python program into a sandbox under the name of a language server. */
export async function installImpostor(client: TestClient, sandboxId: string, name: string, program: string) {
  const path = `/api/v1/sandboxes/${sandboxId}/files?path=.local/bin/${name}&mode=755`
  const answer = await client.call('PUT', path, `#!/usr/bin/python3\n${program}`)
  if (answer.status >= 300) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
}
