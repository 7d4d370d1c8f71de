import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  dockerSave,
  type Entry,
  file,
  gzipLayer,
  headerOf,
  image,
  indexOf,
  type LayerBlob,
  layerOf,
  layout,
  plainLayer,
  sha256,
  tar,
} from '../../testing/images.js'
import { type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const good = plainLayer([file('good', 'x')])
const of = (...entries: Entry[]) => layout([image([plainLayer(entries)])])
const ofLayer = (layer: LayerBlob) => layout([image([layer])])
const gib = 1024 ** 3
const described = (over: object) => layout([image([good], {}, { layer: over })])
const link = (name: string, target: string): Entry => ({ name, flag: '1', target })

/** A layer whose tar says that a file is larger than any disk: the bytes are holes. */
function sparse(): LayerBlob {
  // GNU's oldest form: the only piece of the file is its last byte.
  const block = headerOf({ name: 'sparse', flag: 'S' }, 512)
  const size = 2 ** 44
  block.write('gnu tar', 257)
  block.write('ustar  \0', 257, 'latin1')
  const octal = (value: number, at: number) => block.write(value.toString(8).padStart(11, '0'), at, 'latin1')
  const binary = (value: number, at: number) => {
    block.writeUInt8(0x80, at)
    block.writeUIntBE(0, at + 1, 3)
    block.writeBigUInt64BE(BigInt(value), at + 4)
  }
  binary(size - 512, 386)
  octal(512, 398)
  binary(size, 483)
  block.write('        ', 148, 'latin1')
  const sum = block.reduce((all, byte) => all + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return layerOf(Buffer.concat([block, Buffer.alloc(512), Buffer.alloc(1024)]))
}

/** 2 GiB of zeros, compressed. Beyond the end of the archive nobody looks at them, and they must be read all the same. */
function bomb(program: 'gzip' | 'zstd'): Buffer {
  const script = `(cat; head -c ${2 * gib} /dev/zero) | ${program} -1 -c`
  return execFileSync('sh', ['-c', script], { input: tar([]), maxBuffer: 2 ** 30 })
}

describe('an image that cannot be used', () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const importing = (archive: Buffer, name = 'bad', query = '') =>
    cloche.call('PUT', `/templates/${name}/image${query}`, archive)

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance, { env: { CLOCHE_IMAGE_LAYER_GIB: '1' } })
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const cases: readonly [string, () => Buffer, RegExp][] = [
    ['an entry that leads out', () => of(file('../../../../tmp/oci-out', 'x')), /leads out of it/],
    ['a whiteout of ..', () => of(file('d/.wh...')), /removes .*, which is no name/],
    ['a whiteout of .', () => of(file('d/.wh..')), /removes .*, which is no name/],
    ['a whiteout of nothing', () => of(file('.wh.')), /removes .*, which is no name/],
    ['a hard link outside', () => of(link('passwd', '../../../../etc/passwd')), /leads out of it/],
    ['a hard link to what is not there', () => of(link('passwd', '/etc/passwd')), /does not have before it/],
    [
      'a hard link through a link of its own',
      () => of({ name: 'l', flag: '2', target: '/etc' }, link('passwd', 'l/passwd')),
      /does not have before it/,
    ],
    [
      'links in a circle',
      () =>
        of({ name: 'a', flag: '2', target: 'b' }, { name: 'b', flag: '2', target: 'a' }, file('a/x', 'x')),
      /too many links/,
    ],
    ['an owner that a sandbox has not', () => of(file('big', 'x', { uid: 70_000 })), /ids up to 65535/],
    ['a sparse file of 16 TiB', () => ofLayer(sparse()), /larger than 1 GiB/],
    [
      'a gzip bomb',
      () => ofLayer({ ...layerOf(Buffer.from('other'), '+gzip'), blob: bomb('gzip') }),
      /larger than 1 GiB/,
    ],
    [
      'a zstd bomb',
      () => ofLayer({ ...layerOf(Buffer.from('other'), '+zstd'), blob: bomb('zstd') }),
      /larger than 1 GiB/,
    ],
    [
      'half a gzip',
      () =>
        ofLayer({ ...gzipLayer([file('f', 'x')]), blob: gzipSync(tar([file('f', 'x')])).subarray(0, 60) }),
      /not valid gzip/,
    ],
    [
      'half a zstd',
      () => ofLayer({ ...layerOf(tar([]), '+zstd'), blob: Buffer.from('28b52ffd0000', 'hex') }),
      /not valid zstd/,
    ],
    [
      'half a tar',
      () => ofLayer(layerOf(tar([file('f', 'x'.repeat(5000))]).subarray(0, 3000))),
      /in the middle of a file/,
    ],
    [
      'a layer of another digest than its configuration says',
      () => ofLayer({ ...good, diffId: sha256('else') }),
      /and not sha256:/,
    ],
    [
      'a compression that it has not',
      () => described({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' }),
      /said to be gzip and is a plain tar/,
    ],
    [
      'a layer of an unknown type',
      () => described({ mediaType: 'application/vnd.in-toto+json' }),
      /of the type "application\/vnd.in-toto\+json"/,
    ],
    ['a size that is not the blob’s', () => described({ size: 1 }), /bytes and not the 1 that are stated/],
    [
      'a layer that is missing',
      () => described({ digest: sha256('gone') }),
      /a layer is missing in the archive/,
    ],
    ['a digest that is none', () => described({ digest: 'md5:1234' }), /is not a SHA-256 digest/],
    [
      'a layer outside of the archive',
      () => described({ digest: 'sha256:../../../../etc/passwd' }),
      /is not a SHA-256 digest/,
    ],
    [
      'a blob of another content than its name says',
      () => {
        const archive = layout([image([good])])
        return tar([file(`blobs/sha256/${sha256('x').slice(7)}`, 'y'), file('index.json', archive)])
      },
      /has the digest sha256:/,
    ],
    [
      'more layers than there may be',
      () => layout([image(Array.from({ length: 121 }, () => good))]),
      /more than 120 layers/,
    ],
    [
      'a million layers',
      () => {
        const one = JSON.stringify({ mediaType: good.mediaType, digest: sha256('x'), size: 1 })
        const manifest = Buffer.from(`{"schemaVersion":2,"layers":[${Array(1_000_000).fill(one).join(',')}]}`)
        const built = image([good])
        built.blobs.set(sha256(manifest), manifest)
        return layout([built], [{ ...built.manifest, digest: sha256(manifest), size: manifest.length }])
      },
      /larger than 4194304 bytes/,
    ],
    [
      'other layers than its configuration has',
      () => layout([image([good], {}, { configuration: { rootfs: { type: 'layers', diff_ids: [] } } })]),
      /has 0 layers, and its manifest 1/,
    ],
    [
      'indexes that nest without end',
      () => {
        const built = image([good])
        let { blob, descriptor } = indexOf([built.manifest])
        const blobs = [blob]
        for (let i = 0; i < 6; i++) {
          ;({ blob, descriptor } = indexOf([descriptor]))
          blobs.push(blob)
        }
        return layout([built], [descriptor], blobs)
      },
      /nested too deeply/,
    ],
    [
      'an index that names itself',
      () => {
        const self = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: sha256('self'), size: 4 }
        return layout([], [self], [Buffer.from('self')])
      },
      /is not JSON/,
    ],
    [
      'another machine’s',
      () => layout([image([good], {}, { configuration: { architecture: 'ppc64le' } })]),
      /it has: linux\/ppc64le/,
    ],
    [
      'a configuration of something else',
      () =>
        layout([
          image(
            [good],
            {},
            {
              manifest: {
                config: {
                  mediaType: 'application/vnd.cncf.helm.config.v1+json',
                  digest: sha256('x'),
                  size: 1,
                },
              },
            },
          ),
        ]),
      /missing|no image of a system/,
    ],
    [
      'a user that it has not',
      () => layout([image([good], { User: 'ghost' })]),
      /"ghost", whom its \/etc\/passwd does not have/,
    ],
    ['a group that it has not', () => layout([image([good], { User: '0:ghosts' })]), /group "ghosts"/],
    [
      'a uid that a sandbox has not',
      () => layout([image([good], { User: '4000000000' })]),
      /ids up to 65535/,
    ],
    [
      'a stop signal that is none',
      () => layout([image([good], { StopSignal: 'SIGNOTHING' })]),
      /stop signal/,
    ],
    [
      'a working directory that is not absolute',
      () => layout([image([good], { WorkingDir: 'a' })]),
      /not absolute/,
    ],
    ['an environment without a name', () => layout([image([good], { Env: ['=x'] })]), /has no name/],
    [
      'a configuration that is no JSON',
      () => dockerSave({ ...image([good]), config: Buffer.from('{') }),
      /is not JSON/,
    ],
    ['nothing', () => Buffer.alloc(0), /archive is empty/],
    ['no archive', () => Buffer.from('hello '.repeat(200)), /cannot be read/],
    ['an archive of something else', () => tar([file('README', 'x')]), /neither an OCI layout/],
    ['an archive that leads out', () => tar([file('../index.json', '{}')]), /leads out of it/],
    ['an archive that is cut', () => layout([image([good])]).subarray(0, 2000), /cannot be read/],
  ]
  it.each(cases)(
    'for %s is refused, and leaves nothing',
    async (_, archive, words) => {
      const before = readdirSync(join(cloche.disk, 'layers')).toSorted()
      const answer = await importing(archive())
      expect(refusalOf(answer).message).toMatch(words)
      expect(answer.status).toBe(400)
      expect(refusalOf(answer).code).toBe('invalid_request')
      // A layer that is as it should be may stay, for the next try.
      const left = readdirSync(join(cloche.disk, 'layers')).filter((name) => !before.includes(name))
      const whole = (name: string) => name === good.diffId.replace(':', '-') || name.startsWith('finishing-')
      expect(left.filter((name) => !whole(name))).toEqual([])
      expect(readdirSync(join(cloche.disk, 'ingest'))).toEqual([])
      expect(existsSync('/tmp/oci-out')).toBe(false)
      expect(JSON.parse((await cloche.call('GET', '/templates')).text).templates).toHaveLength(1)
    },
    120_000,
  )

  it('follows links of its own files below its root only', async () => {
    mkdirSync('/tmp/oci-escape', { recursive: true })
    writeFileSync('/tmp/oci-escape/passwd', 'evil:x:0:0::/:/x\n')
    const archive = layout([
      image(
        [
          plainLayer([
            { name: 'out', flag: '2', target: '/tmp/oci-escape' },
            { name: 'etc', flag: '2', target: '/tmp/oci-escape' },
          ]),
          plainLayer([file('out/new', 'written')]),
        ],
        { User: 'evil' },
      ),
    ])
    const answer = await importing(archive)
    expect(refusalOf(answer).message).toMatch(/"evil", whom its \/etc\/passwd does not have/)
    expect(readdirSync('/tmp/oci-escape')).toEqual(['passwd'])
    expect(readFileSync('/tmp/oci-escape/passwd', 'utf8')).toBe('evil:x:0:0::/:/x\n')
  })
})
