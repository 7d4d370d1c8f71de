import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, openAsBlob, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cloche as Client, type Sandbox, type Terminal } from '../sdk/index.js'
import type { Cloche } from './cloche.js'
import { unshareOnce } from './peers/oci.js'
import { runProgram } from './program.js'
import type { Samples } from './samples.js'

export const saved = 'A file of 10 KB, written whole'
export const listed = 'A directory of 1,000 files, listed'
export const found = 'A word searched for in 100 MB of text'
export const woken = 'Woken from pause, until a key has its echo'
export const started = 'Started again after a stop, until a prompt'
export const classroom = '40 workspaces opened in one second: each until its prompt and its files are there'

const over = 'Cloche, over the API'
const unshare = 'unshare, one command'
/** As many as a class, each at its own moment of one second. */
const students = 40
const textFiles = 200
const textFileBytes = 500_000

/** What an editor and a class ask for, beside the same done on the host. */
export async function workspace(
  samples: Samples,
  cloche: Cloche,
  directory: string,
  rounds: number,
): Promise<void> {
  await cloche.liftQuota()
  const { url, apiKey } = cloche.instance.admin
  const client = new Client({ url, apiKey })
  const box = await client.sandboxes.create({
    limits: { cpus: 2, memoryMiB: 1024, diskMiB: 1024, pids: 128 },
  })
  const beside = mkdtempSync(join(cloche.instance.home, 'disk', 'bench-'))
  try {
    await files(samples, cloche, box, beside, rounds)
    await search(samples, box, directory, beside, rounds)
    await wake(samples, box, rounds)
  } finally {
    rmSync(beside, { recursive: true })
    await box.delete()
  }
  await openClass(samples, cloche, client)
}

async function files(samples: Samples, cloche: Cloche, box: Sandbox, beside: string, rounds: number) {
  const content = 'x'.repeat(10_000)
  const health = new URL('/healthz', cloche.instance.admin.url)
  await box.exec('mkdir many && cd many && seq 1000 | xargs touch')
  for (let round = 0; round < rounds * 5; round++) {
    await samples.time(saved, over, () => box.files.write('saved.txt', content))
    await samples.time(saved, 'fs.writeFile on the host, and GET /healthz', async () => {
      await writeFile(join(beside, 'saved.txt'), content)
      await (await fetch(health)).arrayBuffer()
    })
    await samples.time(listed, over, () => box.files.list('many'))
  }
}

async function search(samples: Samples, box: Sandbox, directory: string, beside: string, rounds: number) {
  const tree = join(beside, 'text')
  mkdirSync(tree)
  const words = 'the quick brown fox jumps over the lazy dog and runs away from it\n'
  const text = words.repeat(textFileBytes / words.length)
  for (let number = 0; number < textFiles; number++) {
    writeFileSync(join(tree, `${number}.txt`), number % 20 === 0 ? `${text}needle ${number}\n` : text)
  }
  const archive = join(directory, 'text.tar')
  execFileSync('tar', ['-cf', archive, '-C', tree, '.'])
  await box.files.unpack('text', (await openAsBlob(archive)).stream())
  for (let round = 0; round < rounds; round++) {
    await samples.time(found, over, async () => {
      let lines = 0
      for await (const _ of box.files.search('needle', { path: 'text' })) lines++
      if (lines !== textFiles / 20) throw new Error(`found in ${lines} lines`)
    })
    await samples.time(found, 'rg on the host', () => runProgram('rg', ['needle', tree]))
  }
}

async function wake(samples: Samples, box: Sandbox, rounds: number) {
  {
    await using terminal = await box.terminals.open()
    const hear = listen(terminal)
    await hear.until('$ ')
    for (let round = 0; round < rounds; round++) {
      await box.pause()
      await samples.time(woken, over, async () => {
        const echoed = hear.until('a')
        await box.resume()
        terminal.write('a')
        await echoed
      })
    }
  }
  for (let round = 0; round < rounds; round++) {
    await box.stop()
    await samples.time(started, over, async () => {
      await box.start()
      await using terminal = await box.terminals.open()
      await listen(terminal).until('$ ')
    })
    await samples.time(started, unshare, () => runProgram('unshare', unshareOnce))
  }
}

/** Hears a terminal as long as it is attached. */
function listen(terminal: Terminal): { until(text: string): Promise<void> } {
  let [heard, wanted, met] = ['', '', () => {}]
  const check = () => {
    if (wanted === '' || !heard.includes(wanted)) return
    ;[heard, wanted] = ['', '']
    met()
  }
  void (async () => {
    for await (const event of terminal) {
      if (event.type === 'output' || event.type === 'screen') heard += new TextDecoder().decode(event.bytes)
      check()
    }
  })()
  return {
    until: (text) =>
      new Promise((resolve) => {
        ;[wanted, met] = [text, resolve]
        check()
      }),
  }
}

async function openClass(samples: Samples, cloche: Cloche, client: Client) {
  await cloche.poolFull()
  const opened = Array.from({ length: students }, async (_, student) => {
    await sleep((student * 1000) / students)
    return samples.time(classroom, over, async () => {
      const box = await client.sandboxes.create()
      const [terminal] = await Promise.all([box.terminals.open(), box.files.list('.')])
      await listen(terminal).until('$ ')
      terminal.detach()
      return box
    })
  })
  for (const box of await Promise.all(opened)) await box.delete()
}
