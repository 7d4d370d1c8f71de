import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  openAsBlob,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../testing/instance.js'
import type { Cloche } from './cloche.js'
import type { Samples } from './samples.js'

export const imported = 'An image of one layer, the files of the base template, imported'
export const pulled = 'The same image, not compressed, pulled by skopeo'
const over = 'Cloche, over the API'

/**
 * Imports an image, and pulls it from the registry, beside GNU tar on the same disk and Debian's registry with its files there. Each
 * round has a layer that nobody had before, for what is known is not unpacked again.
 * @param image a tar of a root file system
 */
export async function images(
  samples: Samples,
  cloche: Cloche,
  { directory, image }: { directory: string; image: string },
  rounds: number,
): Promise<void> {
  await cloche.liftQuota()
  const { url, apiKey } = cloche.instance.admin
  const beside = mkdtempSync(join(cloche.instance.home, 'disk', 'bench-'))
  const registry = await openRegistry(join(beside, 'registry'))
  const skopeo = (...args: string[]) => execFileSync('skopeo', args, { stdio: 'pipe' })
  try {
    for (let round = 0; round < rounds; round++) {
      const { archive, layer } = await makeImage(join(directory, `image${round}`), image, round)
      const content = await openAsBlob(archive)
      await samples.time(imported, over, async () => {
        const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/x-tar' }
        const address = `${url}/api/v1/templates/bench-${round}/image`
        const answer = await fetch(address, { method: 'PUT', headers, body: content })
        if (!answer.ok) throw new Error(`the import: ${answer.status} ${await answer.text()}`)
      })
      const peer = join(beside, `tar${round}`)
      mkdirSync(peer)
      const unpack = () => execFileSync('tar', ['-xf', layer, '-C', peer])
      await samples.time(imported, 'tar x, same disk', async () => void unpack())
      rmSync(peer, { recursive: true })
      mkdirSync(peer)
      await samples.time(imported, 'tar x and sync, same disk', async () => {
        unpack()
        execFileSync('sync', ['--file-system', peer])
      })
      rmSync(peer, { recursive: true })
      const registries = [
        ...[{ subject: 'Cloche', host: new URL(url).host, creds: `any:${apiKey}` }],
        ...[{ subject: 'docker-registry, same disk', host: registry.host, creds: 'any:any' }],
      ]
      for (const { host, creds } of registries) {
        const to = ['--dest-tls-verify=false', '--dest-creds', creds, `docker://${host}/bench:${round}`]
        skopeo('copy', '--preserve-digests', `oci-archive:${archive}`, ...to)
      }
      // Whoever is first finds the caches cold.
      for (const { subject, host, creds } of round % 2 === 0 ? registries : registries.toReversed()) {
        const target = join(directory, 'pulled')
        const from = ['--src-tls-verify=false', '--src-creds', creds, `docker://${host}/bench:${round}`]
        await samples.time(pulled, subject, async () => void skopeo('copy', ...from, `dir:${target}`))
        rmSync(target, { recursive: true })
      }
      rmSync(join(directory, `image${round}`), { recursive: true })
    }
  } finally {
    await registry[Symbol.asyncDispose]()
    rmSync(beside, { recursive: true })
  }
}

/** An OCI layout with one layer, and that layer. */
async function makeImage(at: string, image: string, round: number) {
  const [layout, own] = [join(at, 'layout'), join(at, 'own')]
  const blobs = join(layout, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  mkdirSync(own)
  const layer = join(at, 'layer.tar')
  execFileSync('cp', ['--reflink=auto', image, layer])
  writeFileSync(join(own, 'round'), `${round} ${Date.now()}`)
  execFileSync('tar', ['-rf', layer, '-C', own, 'round'])
  const hash = createHash('sha256')
  for await (const part of createReadStream(layer)) hash.update(part)
  const diffId = hash.digest('hex')
  execFileSync('cp', ['--reflink=auto', layer, join(blobs, diffId)])
  const add = (mediaType: string, content: object) => {
    const bytes = Buffer.from(JSON.stringify(content))
    const digest = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(blobs, digest), bytes)
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length }
  }
  const config = add('application/vnd.oci.image.config.v1+json', {
    ...{ architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] },
  })
  const manifest = add('application/vnd.oci.image.manifest.v1+json', {
    ...{ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config },
    layers: [
      {
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        ...{ digest: `sha256:${diffId}`, size: statSync(layer).size },
      },
    ],
  })
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }))
  const archive = join(at, 'image.tar')
  execFileSync('tar', ['-cf', archive, '-C', layout, 'oci-layout', 'index.json', 'blobs'])
  return { archive, layer }
}

/** Debian's own, for everybody. */
async function openRegistry(directory: string): Promise<AsyncDisposable & { host: string }> {
  mkdirSync(directory)
  const host = `127.0.0.1:${await freePort()}`
  const config = join(directory, 'registry.yml')
  const storage = { filesystem: { rootdirectory: join(directory, 'files') } }
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({ version: 0.1, storage, http: { addr: host }, log: { level: 'error' } }),
  )
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  for (let tries = 0; ; tries++) {
    if (await fetch(`http://${host}/v2/`).catch(() => undefined)) break
    if (tries === 200) throw new Error('docker-registry does not come up')
    await sleep(50)
  }
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await ended
    },
  }
}
