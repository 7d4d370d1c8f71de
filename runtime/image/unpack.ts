import { once } from 'node:events'
import { closeSync, openSync, readSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { RuntimeRefusal } from '../errors.js'
import { pipe } from '../linux/libc.js'
import type { Reaper } from '../linux/process.js'
import { badImage } from './error.js'
import { type ExtractedLayer, unreadable } from './layer.js'
import type { Compression, FoundLayer } from './manifest.js'
import { type LayerAnswer, type LayerJob, layerAnswer } from './thread.js'

/** What a layer's window may take: 27 is the largest that zstd makes without being asked for more. */
const zstdMemory = '--memory=128MiB'
/** Whoever compressed it is unknown: the program that reads it has no rights at all. */
const withoutRights = [
  ...['--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', '--bounding-set=-all'],
  '--inh-caps=-all',
]

/** Unpacks layers in a thread, which is there until this is disposed of. */
export class Unpacker implements AsyncDisposable {
  readonly #worker: Worker

  /** @param program the module that calls `runLayerThread` in a thread: this program itself */
  constructor(
    program: string,
    private readonly reaper: Reaper,
    /** What the files of a layer may have, with their holes. */
    readonly bytesMax: number,
  ) {
    this.#worker = new Worker(new URL(program), { workerData: { thread: 'layer' }, trackUnmanagedFds: false })
    // Told to whoever waits for an answer.
    this.#worker.on('error', () => {})
  }

  /**
   * Unpacks a layer into an empty directory, or with none only reads its digest.
   * @param below where the layers below it are mounted, if that is known
   * @param bytesMax of its files, when that is less than any layer may have
   * @returns undefined when it has to be known, and the directory is not empty any more
   * @throws RuntimeRefusal `invalid_request`, `disk_full`
   */
  async unpack(
    layer: FoundLayer,
    directory: string | null,
    below: LayerJob['below'],
    bytesMax = this.bytesMax,
  ): Promise<UnpackedLayer | undefined> {
    const fd = openSync(layer.file.path, 'r')
    const found = sniff(fd)
    if (layer.compression !== undefined && layer.compression !== found) {
      closeSync(fd)
      const { sha256 } = layer.file
      throw badImage(
        `a layer is said to be ${words[layer.compression]} and is ${words[found]}: sha256:${sha256}`,
      )
    }
    if (found !== 'zstd')
      return layerOf(await this.#ask({ fd, gzip: found === 'gzip', directory, below, bytesMax }))
    const { readEnd, writeEnd } = pipe()
    const nothing = openSync('/dev/null', 'r+')
    const args = [...withoutRights, 'zstd', '--decompress', '--stdout', '--quiet', zstdMemory]
    const unzipped = this.reaper.run('setpriv', args, [fd, writeEnd, nothing])
    for (const ours of [fd, writeEnd, nothing]) closeSync(ours)
    const answer = await this.#ask({ fd: readEnd, gzip: false, directory, below, bytesMax })
    const { exitCode } = await unzipped
    // Whoever stops reading ends the program, and knows better why.
    const whole =
      answer !== 'below needed' && (!('error' in answer) || answer.error.message.includes(unreadable))
    if (exitCode !== 0 && whole) {
      throw badImage('a layer is not valid zstd, or wants more memory than 128 MiB to be unpacked')
    }
    return layerOf(answer)
  }

  async #ask(job: LayerJob): Promise<LayerAnswer> {
    const gone = new AbortController()
    const { signal } = gone
    try {
      const answered = once(this.#worker, 'message', { signal })
      const ended = once(this.#worker, 'exit', { signal }).then(() => {
        throw new Error('the thread that unpacks layers has ended')
      })
      this.#worker.postMessage(job)
      const [answer] = await Promise.race([answered, ended])
      return layerAnswer.parse(answer)
    } finally {
      gone.abort()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}

/** A layer that was unpacked, with the digest of its tar in hex. */
export type UnpackedLayer = ExtractedLayer & { readonly sha256: string }

function layerOf(answer: LayerAnswer): UnpackedLayer | undefined {
  if (answer === 'below needed') return undefined
  if (!('error' in answer)) return answer
  const { code, message } = answer.error
  throw code === null ? new Error(message) : new RuntimeRefusal(code, message)
}

const words: Readonly<Record<Compression, string>> = { none: 'a plain tar', gzip: 'gzip', zstd: 'zstd' }

function sniff(fd: number): Compression {
  const magic = Buffer.alloc(4)
  readSync(fd, magic, 0, 4, 0)
  const hex = magic.toString('hex')
  return hex === '28b52ffd' ? 'zstd' : hex.startsWith('1f8b') ? 'gzip' : 'none'
}
