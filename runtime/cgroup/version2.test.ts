import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { run } from '../linux/spawn.js'
import { closeDisk } from '../rootfs/disk.js'
import { buildPrograms } from '../testing/instance.js'
import { openLaboratory, testInstance } from '../testing/kernel.js'
import { bootGuest, type Guest } from '../testing/uml.js'

/** What the whole of it may take: it needs about 30 s. */
const withinMs = 480_000
const fact = z.object({ name: z.string(), error: z.string().nullable() })

/**
 * Runs the tests of control groups, and of a sandbox's life, in a guest whose kernel has version 2, whatever this
 * machine has. Each of them is a test here.
 */
async function runInGuest(): Promise<Guest> {
  const directory = 'node_modules/.cache/cloche-guest'
  await buildPrograms()
  await build({
    entryPoints: { guest: 'runtime/testing/guest.ts', start: 'runtime/testing/uml-start.ts' },
    ...{ bundle: true, packages: 'external', platform: 'node', format: 'esm', target: 'node20' },
    ...{
      outdir: directory,
      outExtension: { '.js': '.mjs' },
      alias: { vitest: './runtime/testing/facts.ts' },
    },
  })
  await using lab = await openLaboratory(2)
  const disk = join(lab.home, 'disk.img')
  // Somebody else's mount namespace of this moment may hold the file system: unmounting alone writes nothing then.
  await run('btrfs', ['filesystem', 'sync', lab.disk])
  await run('sync', ['--file-system', lab.disk])
  await closeDisk(lab.home)
  return await bootGuest({
    ...{
      starter: join(directory, 'start.mjs'),
      script: join(process.cwd(), directory, 'guest.mjs'),
      disk,
      memoryMiB: 2048,
      withinMs,
    },
    env: { CLOCHE_TEST_GUEST: 'yes', CLOCHE_TEST_INSTANCE: testInstance },
  })
}

const { output, finished } = await runInGuest()
const facts = Array.from(output.matchAll(/^fact (.*?)\r?$/gm), ([, line = '']) =>
  fact.parse(JSON.parse(line)),
)

describe('with control groups of version 2', () => {
  it('the guest boots, runs every test and is switched off', () => {
    expect(output).toMatch(/^facts end\r?$/m)
    expect(finished).toBe(true)
    expect(facts.length).toBeGreaterThan(20)
  })

  it.each(facts)('$name', ({ error }) => {
    expect(error).toBeNull()
  })
})
