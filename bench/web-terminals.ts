import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawn as spawnInTerminal } from 'node-pty'
import { io } from 'socket.io-client'
import { freePort } from '../testing/instance.js'
import type { Cloche } from './cloche.js'
import { runProgram } from './program.js'
import type { Samples } from './samples.js'
import { answered, type Seat, sitAtTerminal } from './seat.js'

export const echo = "A key's echo, through the socket on loopback"
export const throughput = 'Output of a terminal, through the socket'

const floodBytes = 50_000_000
const wettyVersion = '3.2.0'

export async function webTerminals(
  samples: Samples,
  cloche: Cloche,
  directory: string,
  keys: number,
): Promise<void> {
  const seats: [string, () => Promise<Seat>][] = [
    ['Cloche, in a sandbox', () => sitAtCloche(cloche)],
    ['wetty, a shell of the host', () => sitAtWetty(directory)],
    ['bash on node-pty, no socket: the floor', sitAtNodePty],
  ]
  for (const [name, open] of seats) {
    try {
      await using seat = await open()
      await sleep(1500) // the shell's own words at its start
      for (let key = 0; key < keys; key++) {
        await samples.time(echo, name, () => answered(seat, key % 60 === 59 ? '\x15' : 'a'))
        await sleep(5)
      }
      const began = performance.now()
      await flooded(seat)
      samples.add(throughput, name, floodBytes / 1000 / (performance.now() - began), 'MB/s')
    } catch (error) {
      for (const metric of [echo, throughput]) samples.cannot(metric, name, String(error))
    }
  }
  for (const metric of [echo, throughput])
    samples.cannot(metric, 'ttyd', 'in no registry that this machine reaches')
}

function flooded(seat: Seat): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0
    seat.onBytes = (more) => {
      bytes += more
      if (bytes >= floodBytes) resolve()
    }
    seat.type(`\x15head -c ${floodBytes} /dev/zero | tr '\\0' x | fold -w 79\r`)
  })
}

async function sitAtCloche(cloche: Cloche): Promise<Seat> {
  const { id } = JSON.parse(await cloche.api('POST', '/sandboxes', {}))
  const { url, apiKey } = cloche.instance.admin
  const seat = await sitAtTerminal(url, { auth: { token: apiKey } }, id)
  const leave = seat[Symbol.asyncDispose]
  return Object.assign(seat, {
    [Symbol.asyncDispose]: async () => {
      await leave()
      await cloche.api('DELETE', `/sandboxes/${id}`)
    },
  })
}

/** A shell of the host on a pseudo-terminal of this process: what any web terminal adds to. */
async function sitAtNodePty(): Promise<Seat> {
  const terminal = spawnInTerminal('/bin/bash', [], { cols: 80, rows: 24, encoding: null })
  const seat = {
    type: (text: string) => terminal.write(text),
    onBytes: (_: number) => {},
    [Symbol.asyncDispose]: async () => terminal.kill('SIGKILL'),
  }
  terminal.onData((bytes) => seat.onBytes(bytes.length))
  return seat
}

/** wetty from npm: a shell of the host over socket.io, with no isolation at all. */
async function sitAtWetty(directory: string): Promise<Seat> {
  const home = join(directory, 'wetty')
  const program = join(home, 'node_modules', 'wetty', 'build', 'main.js')
  if (!existsSync(program)) {
    mkdirSync(home, { recursive: true })
    await runProgram('npm', ['install', '--prefix', home, '--no-audit', '--no-fund', `wetty@${wettyVersion}`])
  }
  const port = await freePort()
  const server = spawn(
    process.execPath,
    [
      program,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--base',
      '/',
      '--command',
      '/bin/bash',
      '--force-ssh',
      'false',
    ],
    { cwd: home, stdio: 'ignore' },
  )
  const socket = io(`http://127.0.0.1:${port}`, {
    path: '/socket.io',
    transports: ['websocket'],
    forceNew: true,
  })
  const stop = async () => {
    socket.disconnect()
    server.kill('SIGKILL')
  }
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      setTimeout(() => reject(new Error('wetty does not answer within 20 seconds')), 20_000).unref()
    })
  } catch (error) {
    await stop()
    throw error
  }
  const seat = {
    type: (text: string) => void socket.emit('input', text),
    onBytes: (_: number) => {},
    [Symbol.asyncDispose]: stop,
  }
  socket.on('data', (text: string) => {
    socket.emit('commit', text.length) // its flow control
    seat.onBytes(text.length)
  })
  socket.emit('resize', { cols: 80, rows: 24 })
  return seat
}
