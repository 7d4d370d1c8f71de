import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { detectHierarchy, removeCgroup } from '../runtime/cgroup/hierarchy.js'
import { archives } from './archives.js'
import { browser } from './browser.js'
import { builds } from './builds.js'
import { classroom } from './classroom.js'
import { openCloche } from './cloche.js'
import { images } from './images.js'
import { listing } from './listing.js'
import { openDocker } from './peers/docker.js'
import { oneShot, openOci, unshareOnce } from './peers/oci.js'
import type { Ground, Peer } from './peers/peer.js'
import { openPodman } from './peers/podman.js'
import { bars, curve } from './plot.js'
import { previews } from './previews.js'
import { runs } from './runs.js'
import { Samples } from './samples.js'
import { alive, alternate, burst, memory, metrics, rate } from './sandboxes.js'
import { snapshots } from './snapshots.js'
import { markdown } from './table.js'
import { webTerminals } from './web-terminals.js'
import { workspace } from './workspace.js'

/**
 * Measures Cloche beside its peers, alternating, and writes `table.md`, `rows.json` and plots to `--out`.
 * `bin/bench` installs the peers, builds this and runs it.
 */
const { values } = parseArgs({
  options: {
    image: { type: 'string', default: '' },
    out: { type: 'string', default: '.cache/bench' },
    rounds: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '10' },
    alive: { type: 'string', default: '1,100,500,1000' },
    listing: { type: 'string', default: '10,100,300' },
    students: { type: 'string', default: '40' },
    only: {
      type: 'string',
      default:
        'sandboxes,runs,rate,memory,archives,images,snapshots,builds,terminals,previews,workspace,browser,classroom,alive,listing',
    },
  },
})
const rounds = Number(values.rounds)
const only = new Set(values.only.split(','))
const samples = new Samples()
const directory = mkdtempSync('/var/tmp/cloche-bench-')
const namespace = 'clochebenchpeers'
const cgroup = '/clochebenchpeers'
const say = (words: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${words}`)

execFileSync('ip', ['netns', 'add', namespace])
execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
try {
  say('bringing Cloche up')
  await using cloche = await openCloche()
  const ground: Ground = { directory, namespace, cgroup, rootfs: cloche.rootfs, image: values.image }
  const withPeers = ['sandboxes', 'runs', 'rate', 'memory', 'classroom'].some((one) => only.has(one))
  await using peers = await openPeers(ground, withPeers)
  if (only.has('sandboxes')) {
    say(`sandboxes, ${rounds} rounds`)
    await alternate(samples, cloche, peers.list, rounds)
    await cloche.withoutServer(() => burst(samples, cloche, Math.max(1, Math.floor(rounds / 10))))
  }
  if (only.has('runs')) {
    say(`runs, ${rounds} rounds`)
    await runs(samples, cloche, peers.list, rounds, Number(values.seconds))
  }
  const whole = peers.list.filter(({ memoryOf }) => memoryOf !== undefined)
  if (only.has('rate')) {
    say('made in a second')
    await cloche.withoutServer(async () => {
      for (let time = 0; time < 3; time++) await rate(samples, cloche, whole, 18)
    })
  }
  if (only.has('memory')) await memory(samples, cloche, whole)
  if (only.has('archives')) {
    say('archives')
    await archives(samples, cloche, directory, Math.max(3, Math.floor(rounds / 3)))
  }
  if (only.has('images')) {
    say('images')
    await images(samples, cloche, { directory, image: values.image }, Math.max(3, Math.floor(rounds / 3)))
  }
  if (only.has('snapshots')) {
    say('snapshots and forks')
    await snapshots(samples, cloche, rounds)
  }
  if (only.has('builds')) {
    say('builds')
    await builds(samples, cloche, ground, Math.max(3, Math.floor(rounds / 3)))
  }
  if (only.has('terminals')) {
    say('terminals')
    await webTerminals(samples, cloche, directory, rounds * 10)
  }
  if (only.has('previews')) {
    say('previews')
    await previews(samples, cloche, directory, Math.max(2, Math.floor(rounds / 4)))
  }
  if (only.has('workspace')) {
    say('a workspace')
    await workspace(samples, cloche, directory, rounds)
  }
  if (only.has('browser')) {
    say('a browser')
    await browser(samples, cloche, rounds)
  }
  if (only.has('classroom')) {
    say(`a class of ${values.students}`)
    await classroom(samples, cloche, peers.list, Number(values.students), rounds)
  }
  if (only.has('listing')) {
    const stops = values.listing.split(',').map(Number)
    say(`lists of ${values.listing}`)
    await listing(samples, cloche, stops, rounds)
  }
  if (only.has('alive')) {
    say(`${values.alive} alive`)
    const stops = values.alive.split(',').map(Number)
    await cloche.withoutServer(() => alive(samples, cloche, stops, Math.max(10, Math.floor(rounds / 2))))
  }
} finally {
  report()
  execFileSync('ip', ['netns', 'del', namespace])
  await removeCgroup(detectHierarchy(), cgroup).catch((error: unknown) => say(`${cgroup} stays: ${error}`))
  unmountBelow(directory)
  rmSync(directory, { recursive: true })
}
process.exit(0)

async function openPeers(ground: Ground, wanted: boolean): Promise<AsyncDisposable & { list: Peer[] }> {
  const list: Peer[] = []
  const root = ground.rootfs
  const inside = ['--unshare-all', '--ro-bind', root, '/', '--proc', '/proc', '--dev', '/dev', '/bin/true']
  const openers: [string, () => Promise<Peer>][] = [
    ['docker', () => openDocker(ground)],
    ['podman', () => openPodman(ground)],
    ['runc', () => openOci(ground, 'runc', 'runc', [])],
    ['crun', () => openOci(ground, 'crun', 'crun', ['--cgroup-manager=cgroupfs'])],
    [
      'runsc',
      () => openOci(ground, 'runsc', 'runsc', ['--platform=systrap', '--network=none', '--ignore-cgroups']),
    ],
    ['bwrap, one command', async () => oneShot('bwrap, one command', 'bwrap', inside)],
    ['unshare, one command', async () => oneShot('unshare, one command', 'unshare', unshareOnce)],
  ]
  for (const [name, open] of wanted ? openers : []) {
    try {
      const peer = await open()
      // Once before it counts: what it loads from the disk the first time is not its cost.
      await peer.remove(await peer.create(peer.networks[0] ?? false))
      list.push(peer)
    } catch (error) {
      say(`${name} is left out: ${error}`)
      samples.cannot(metrics.coldLocal, name, String(error).split('\n')[0] ?? '')
    }
  }
  return {
    list,
    [Symbol.asyncDispose]: async () => {
      for (const peer of list) await peer[Symbol.asyncDispose]()
    },
  }
}

function report(): void {
  mkdirSync(values.out, { recursive: true })
  const rows = samples.rows()
  const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${(totalmem() / 1024 ** 3).toFixed(0)} GiB, Linux ${release()}, control groups of version ${detectHierarchy().version}, load ${loadavg()
    .map((one) => one.toFixed(1))
    .join(' ')} at the end`
  const table = `${machine}\n\n${markdown(rows)}\n`
  writeFileSync(join(values.out, 'table.md'), table)
  writeFileSync(join(values.out, 'rows.json'), JSON.stringify({ machine, rows }, null, 1))
  const curves = new Set<string>([metrics.alive, metrics.execAlive])
  for (const metric of new Set(rows.map((row) => row.metric))) {
    const name = metric
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
    const own = rows.filter((row) => row.metric === metric)
    if (own.every((row) => row.values.length === 0)) continue
    writeFileSync(
      join(values.out, `${name}.svg`),
      curves.has(metric) ? curve(metric, own) : bars(metric, own),
    )
  }
  console.log(table)
}

/** A daemon that was stopped in the middle leaves its mounts; nothing is removed through one. */
function unmountBelow(path: string): void {
  const targets = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${path}/`))
  for (const target of targets.reverse()) execFileSync('umount', ['--lazy', target])
}
