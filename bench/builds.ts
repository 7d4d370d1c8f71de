import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cloche as Client } from '../sdk/index.js'
import type { Cloche } from './cloche.js'
import type { Ground } from './peers/peer.js'
import { podmanIn } from './peers/podman.js'
import type { Samples } from './samples.js'

export const built = 'A Dockerfile that copies 2,000 files and compiles them, without a cache'
export const rebuilt = 'The same again, nothing changed'
export const layered = 'The first sandbox from nothing, of an image of ten layers'

const over = 'Cloche, over the API'
const files = 2000
const limits = { cpus: 2, memoryMiB: 1024, diskMiB: 2048, pids: 512 }

/** Builds beside buildah, as `podman build`, and starts from what has many layers. */
export async function builds(
  samples: Samples,
  cloche: Cloche,
  ground: Ground,
  rounds: number,
): Promise<void> {
  await cloche.liftQuota()
  const client = new Client(cloche.instance.admin)
  const context = makeContext(ground.directory)
  const archive = join(ground.directory, 'context.tar')
  execFileSync('tar', ['-cf', archive, '-C', context, '.'])
  const content = new Uint8Array(readFileSync(archive))
  const own = async (noCache: boolean) => {
    const { status, error } = await client.buildTemplate('compiled', content, { limits, noCache })
    if (status !== 'succeeded') throw new Error(`the build ended as ${status}: ${error}`)
  }
  const podman = podmanIn(ground)
  await podman('import', ground.image, 'localhost/base')
  const peer = async (...cache: string[]) =>
    void (await podman('build', ...cache, '--network', 'none', '--tag', 'compiled', context))
  for (let round = 0; round < rounds; round++) {
    await samples.time(built, over, () => own(true))
    await samples.time(built, 'podman build (buildah)', () => peer('--no-cache'))
    await samples.time(rebuilt, over, () => own(false))
    await samples.time(rebuilt, 'podman build (buildah)', () => peer('--layers'))
  }
  await startOfLayers(samples, cloche, client, rounds)
}

/** Python, since every image of the benchmark has it, and its compiler works on each file by itself. */
function makeContext(directory: string): string {
  const context = join(directory, 'context')
  mkdirSync(join(context, 'source'), { recursive: true })
  const functions = Array.from(
    { length: 40 },
    (_, at) => `def f${at}(x):\n    return [x + ${at}, x * ${at}]\n`,
  )
  for (let number = 0; number < files; number++) {
    writeFileSync(join(context, 'source', `m${number}.py`), `# ${number}\n${functions.join('')}`)
  }
  const steps = ['FROM base', 'COPY source /opt/source', 'RUN python3 -m compileall -q /opt/source']
  writeFileSync(join(context, 'Dockerfile'), `${steps.join('\n')}\n`)
  return context
}

async function startOfLayers(
  samples: Samples,
  cloche: Cloche,
  client: Client,
  rounds: number,
): Promise<void> {
  const steps = Array.from({ length: 9 }, (_, at) => `RUN echo ${at} > /layer-${at}`)
  const text = ['FROM base', ...steps].join('\n')
  const context = execFileSync('tar', ['-cf', '-', '-C', writeDockerfile(cloche, text), 'Dockerfile'])
  await client.buildTemplate('layers', new Uint8Array(context), { limits })
  for (let round = 0; round < rounds; round++) {
    for (const [subject, template] of [
      ['Cloche, ten layers', 'layers'],
      ['Cloche, `base`', 'base'],
    ] as const) {
      const id = await samples.time(layered, subject, () => cloche.create(template))
      await cloche.delete(id)
    }
  }
}

function writeDockerfile(cloche: Cloche, text: string): string {
  const directory = join(cloche.instance.home, 'bench-layers')
  mkdirSync(directory)
  writeFileSync(join(directory, 'Dockerfile'), text)
  return directory
}
