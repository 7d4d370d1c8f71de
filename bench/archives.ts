import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, openAsBlob, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloche } from './cloche.js'
import type { Samples } from './samples.js'

const files = 30_000
export const unpacked = `A tar of ${files} small files, unpacked`
export const packed = `The same files, packed into a tar`

/**
 * Unpacks and packs many small files through the API, and with GNU tar in a directory of the same disk: each file costs
 * a handful of calls to the kernel, and what is more than that shows here.
 */
export async function archives(
  samples: Samples,
  cloche: Cloche,
  directory: string,
  rounds: number,
): Promise<void> {
  await cloche.liftQuota()
  const archive = makeArchive(directory)
  const content = await openAsBlob(archive)
  const { url, apiKey } = cloche.instance.admin
  const id = await cloche.create()
  const beside = mkdtempSync(join(cloche.instance.home, 'disk', 'bench-'))
  const call = async (method: string, path: string, body?: Blob) => {
    const address = `${url}/api/v1/sandboxes/${id}/archive?path=${path}`
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/x-tar' }
    const answer = await fetch(address, { method, headers, ...(body === undefined ? {} : { body }) })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    const reader = answer.body?.getReader()
    while (reader !== undefined && !(await reader.read()).done);
  }
  try {
    for (let round = 0; round < rounds; round++) {
      const peer = join(beside, String(round))
      mkdirSync(peer)
      await samples.time(unpacked, 'Cloche, over the API', () => call('PUT', `in${round}`, content))
      await samples.time(unpacked, 'GNU tar, same disk', async () => {
        execFileSync('tar', ['-xf', archive, '-C', peer])
      })
      await samples.time(packed, 'Cloche, over the API', () => call('GET', `in${round}`))
      await samples.time(packed, 'GNU tar, same disk', async () => {
        // To a pipe: to /dev/null it would not read the files. With exact times, as Cloche does.
        execFileSync('bash', ['-c', 'tar --format=pax -cf - -C "$0" . | cat >/dev/null', peer])
      })
    }
  } finally {
    rmSync(beside, { recursive: true })
    await cloche.delete(id)
  }
}

function makeArchive(directory: string): string {
  const [tree, archive] = [join(directory, 'small'), join(directory, 'small.tar')]
  for (let number = 0; number < files; number++) {
    const below = join(tree, String(number % 300))
    if (number < 300) mkdirSync(below, { recursive: true })
    writeFileSync(join(below, `file-${number}`), `${number}\n`.repeat(20))
  }
  execFileSync('tar', ['-cf', archive, '-C', tree, '.'])
  rmSync(tree, { recursive: true })
  return archive
}
