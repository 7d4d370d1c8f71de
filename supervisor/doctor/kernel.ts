import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { run } from '../../runtime/linux/spawn.js'
import { openIdmap } from '../../runtime/linux/userns.js'
import { closeDisk, openDisk } from '../../runtime/rootfs/disk.js'
import { mountRootfs } from '../../runtime/rootfs/rootfs.js'
import { createVolume, destroyVolume } from '../../runtime/rootfs/volume.js'
import type { Settings } from '../settings.js'
import { attempt, type Finding, missing, ok } from './finding.js'

const newKernel =
  'Linux 5.19 or newer is needed, with its own privileges: not inside an unprivileged container'
const mib = 1024 ** 2

/** A range like the ones that sandboxes get; nobody lives there. */
const uidBase = 2 ** 31

/** Namespaces, network and disk, each really made once and removed again. */
export async function checkKernel(settings: Settings): Promise<Finding[]> {
  const tried = await Promise.all([
    checkUserNamespaces(),
    checkNamespaces(),
    checkNetwork(),
    checkDisk(settings),
  ])
  return [ok('kernel', `Linux ${release()}`), ...tried.flat()]
}

async function checkUserNamespaces(): Promise<Finding> {
  const limit = '/proc/sys/user/max_user_namespaces'
  if (existsSync(limit) && Number(readFileSync(limit, 'utf8')) === 0) {
    return missing(
      'user namespaces',
      'the sysctl forbids them',
      'Type: sysctl -w user.max_user_namespaces=65536',
    )
  }
  const make = async () => {
    await run('unshare', ['--user', 'true']) // for the reason, when it fails
    closeSync(await openIdmap(uidBase))
    return 'made one with a map of 65536 users'
  }
  return attempt('user namespaces', make, newKernel)
}

function checkNamespaces(): Promise<Finding> {
  const make = async () => {
    const kinds = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup']
    await run('unshare', [...kinds, '--fork', 'true'])
    return kinds.map((kind) => kind.slice(2)).join(', ')
  }
  return attempt('namespaces', make, newKernel)
}

/** In a network namespace of its own, which ends with the program. */
async function checkNetwork(): Promise<Finding[]> {
  const veth = attempt(
    'veth',
    async () => {
      await run('unshare', ['--net', 'ip', 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two'])
      return 'made a pair'
    },
    'Type: modprobe veth',
  )
  const rules = `table inet cloche-doctor {
    set private { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 } }
    chain guard { type filter hook prerouting priority raw; fib saddr . iif oif missing drop; }
    chain translate { type nat hook postrouting priority srcnat; ip saddr 10.0.0.0/8 masquerade; }
    chain route { type filter hook forward priority filter; ct state established accept; ip daddr @private reject; }
  }`
  const nft = attempt(
    'nftables in the kernel',
    async () => {
      await run('unshare', ['--net', 'nft', '-f', '-'], { input: rules })
      return 'took rules with NAT, connection tracking and a reverse path check'
    },
    'Type: modprobe -a nf_tables nft_nat nft_masq nft_ct nft_fib_inet nft_reject_inet',
  )
  return Promise.all([veth, nft])
}

/** A small disk of the same kind as the real one, on the same file system, with a sandbox's root on it. */
async function checkDisk(settings: Settings): Promise<Finding[]> {
  mkdirSync(settings.home, { recursive: true, mode: 0o711 })
  const home = mkdtempSync(join(settings.home, 'doctor-'))
  const found: Finding[] = []
  try {
    const disk = join(home, 'disk')
    const opened = await attempt(
      'btrfs with quotas',
      async () => {
        await openDisk(home, 1)
        return `made one in a loop file at ${settings.home}`
      },
      'Type: modprobe -a loop btrfs. In a container, /dev/loop-control must be there',
    )
    found.push(opened)
    if (opened.state === 'ok') found.push(await checkRoot(disk, settings.instance))
  } finally {
    await closeDisk(home)
    for (const name of ['disk.img', 'disk.img.new']) rmSync(join(home, name), { force: true })
    rmdirSync(join(home, 'disk'))
    rmdirSync(home)
  }
  return found
}

function checkRoot(disk: string, instance: string): Promise<Finding> {
  return attempt(
    'idmapped mounts and overlay',
    async () => {
      const layer = join(disk, 'layers', 'doctor')
      const volume = createVolume(join(disk, 'sandboxes', 'doctor'), 16 * mib)
      mkdirSync(layer)
      writeFileSync(join(layer, 'below'), '')
      const idmap = await openIdmap(uidBase)
      const mounts = mkdtempSync(`/run/cloche-doctor-${instance}-`)
      try {
        await using rootfs = mountRootfs(mounts, [layer], volume.path, idmap)
        // Overlayfs mounts read-only, without a word, where it may not make its work directory.
        await run('setpriv', [
          `--reuid=${uidBase}`,
          `--regid=${uidBase}`,
          '--clear-groups',
          'touch',
          join(rootfs.path, 'below'),
        ])
      } finally {
        closeSync(idmap)
        destroyVolume(volume.path)
      }
      return "wrote through a layer as a sandbox's root"
    },
    newKernel,
  )
}
