import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import { readSettings } from '../../supervisor/settings.js'
import { installTemplate } from '../../supervisor/template/install.js'
import { type Instance, type Ran, startInstance, type Typist } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { openWorld, type World } from '../testing/world.js'

/** An attacker may use every core, as a tenant may whose plan says so. */
export const attackerLimits = { cpus: 2, memoryMiB: 256, diskMiB: 128, pids: 128 }
const attackerQuota = { cpus: 2, memoryMiB: 384, diskMiB: 512, pids: 256, sandboxes: 8 }

/** How long an attack goes on. */
export const attackSeconds = 2.5

/** An instance with a neighbour at a terminal, somebody else's files, and a world that no packet leaves. */
export interface Arena extends AsyncDisposable {
  readonly cloche: Instance
  readonly world: World
  /** Somebody who types, all the time. */
  readonly neighbour: RuntimeSandbox
  readonly typist: Typist
  /** A sandbox whose files must stay what they are. */
  readonly witness: RuntimeSandbox
  /** A new sandbox of a new tenant who means harm. */
  attacker(over?: object): Promise<RuntimeSandbox>
  /** Removes attackers, whatever they still do: all of them, or these. @throws when one cannot be removed */
  removeAttackers(these?: readonly string[]): Promise<void>
  /** Runs a program of `attacks/` inside, or several one after the other, as root if it is not said otherwise. */
  attack(sandbox: RuntimeSandbox, program: string, args: readonly string[], over?: object): Promise<Ran>
  /** The same for one that prints without end: reads it as it comes and keeps nothing. @returns its bytes */
  drain(box: RuntimeSandbox, program: string, args: readonly string[]): Promise<number>
  /** @throws when anything of the witness's files has changed, or they cannot be read and written at once */
  checkWitness(): Promise<void>
}

/** One attack. `run` asserts that it got nowhere, and says in a few words what came of it. */
export interface Case {
  readonly name: string
  /** It is over in a moment: its neighbour is watched for as long, and not compared with itself before. */
  readonly brief?: boolean
  run(arena: Arena): Promise<string>
}

const files =
  'cd /home/user && mkdir -p kept/deep && head -c 1M /dev/urandom > kept/random && echo mine > kept/deep/text && ln -s text kept/deep/link'
const sum =
  'cd /home/user && find kept -printf "%p %y %s %l\\n" | sort && sha256sum kept/random kept/deep/text'

const commandOf = (programs: string, args: readonly string[]) => ({
  command: ['python3', '-', ...args],
  stdin: programs
    .split(' ')
    .map((program) => readFileSync(join('runtime/containment/attacks', program), 'utf8'))
    .join('\n'),
  ...{ user: 'root', cwd: '/home/user', timeoutMs: 15_000 },
})

export async function openArena(): Promise<Arena> {
  const world = await openWorld(testInstance, {
    'mirror.example.org': ['198.51.100.1'],
    'home.example.org': ['10.1.2.3', '127.0.0.1', '169.254.169.254'],
  })
  const cloche = await startInstance(testInstance, { env: { CLOCHE_RESOLVERS: world.resolver } })
  const settings = readSettings({ ...process.env, CLOCHE_HOME: cloche.home, CLOCHE_INSTANCE: testInstance })
  await installTemplate(settings, 'system', () => {})
  await cloche.call('POST', '/templates/reload')
  const neighbour = await cloche.claim()
  const typist = await cloche.openTerminal(neighbour.id)
  await typist.sees('$')
  const witness = await cloche.claim()
  await cloche.exec(witness.id, files)
  const attackers: string[] = []
  const kept = (await cloche.exec(witness.id, sum)).stdout
  return {
    ...{ cloche, world, neighbour, typist, witness },
    async attacker(over = {}) {
      const sandbox = await cloche.claim({
        ...{ limits: attackerLimits, quota: attackerQuota, hostname: 'attacker', ...over },
      })
      attackers.push(sandbox.id)
      return sandbox
    },
    async removeAttackers(these = [...attackers]) {
      for (const id of these) {
        attackers.splice(attackers.indexOf(id), 1)
        const { status, text } = await cloche.call('DELETE', `/sandboxes/${id}`)
        if (status !== 204) throw new Error(`an attacker stays: ${text}`)
      }
    },
    attack: (sandbox, program, args, over = {}) => {
      const { command, ...more } = commandOf(program, args)
      return cloche.exec(sandbox.id, command, { ...more, ...over })
    },
    drain: (sandbox, program, args) =>
      new Promise((resolve, reject) => {
        const socketPath = `/run/cloche/${testInstance}/runtime.sock`
        const path = `/sandboxes/${sandbox.id}/exec`
        const outgoing = request({ socketPath, path, method: 'POST', agent: false }, (answer) => {
          let bytes = 0
          answer.on('data', (chunk: Buffer) => {
            bytes += chunk.length
          })
          answer.once('error', reject).once('end', () => resolve(bytes))
        })
        outgoing.once('error', reject).end(JSON.stringify(commandOf(program, args)))
      }),
    async checkWitness() {
      const now = await cloche.exec(witness.id, `${sum}; echo new > new && cat new && rm new`)
      if (now.stdout !== `${kept}new\n`)
        throw new Error(`the witness's files are not what they were: ${now.stdout}${now.stderr}`)
    },
    async [Symbol.asyncDispose]() {
      typist[Symbol.dispose]()
      await cloche[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}
