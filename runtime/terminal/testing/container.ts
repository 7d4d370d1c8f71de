import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OciProcess } from '../contract.js'

const capabilities = ['CAP_CHOWN', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID']

/** What the runtime would put into an open request for `args`. */
export function processOf(args: readonly string[], env: readonly string[] = []): OciProcess {
  return {
    args: [...args],
    env: ['PATH=/usr/bin:/bin', 'HOME=/tmp', 'TERM=xterm-256color', 'LANG=C.UTF-8', 'PS1=$ ', ...env],
    cwd: '/tmp',
    user: { uid: 0, gid: 0 },
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    noNewPrivileges: true,
  }
}

/** On a hybrid host crun refuses while the v2 mount still owns a controller; mounted as v1 it is content. */
function settleCgroups(): void {
  const hugetlb = '/sys/fs/cgroup/hugetlb'
  if (!existsSync('/sys/fs/cgroup/unified') || existsSync(join(hugetlb, 'tasks'))) return
  mkdirSync(hugetlb, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'cgroup', '-o', 'hugetlb', 'cgroup', hugetlb], { stdio: 'pipe' })
  } catch (error) {
    // Another suite may have mounted it in this very moment.
    if (!existsSync(join(hugetlb, 'tasks'))) throw error
  }
}

function bundle(directory: string): void {
  const readOnly = (path: string) => ({
    destination: path,
    type: 'bind',
    source: path,
    options: ['rbind', 'ro', 'nosuid'],
  })
  const config = {
    ociVersion: '1.0.0',
    root: { path: 'rootfs', readonly: false },
    hostname: 'test',
    process: { ...processOf(['/usr/bin/sleep', 'infinity']), terminal: false },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666', 'mode=0620'],
      },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['mode=1777'] },
      ...['/usr', '/etc'].map(readOnly),
      ...['/bin', '/sbin', '/lib', '/lib64'].filter((path) => existsSync(path)).map(readOnly),
    ],
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts', 'network'].map((type) => ({ type })) },
  }
  mkdirSync(join(directory, 'rootfs'))
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config))
}

/** A real container with the host's programs, for the tests of terminals. */
export interface TestContainer extends Disposable {
  readonly containerId: string
  readonly crunRoot: string
  readonly ociRuntime: string
  /** The container's init, as the host sees it. */
  readonly initPid: number
}

export function startContainer(): TestContainer {
  settleCgroups()
  const directory = mkdtempSync(join(tmpdir(), 'cloche-tm-'))
  bundle(directory)
  const crunRoot = join(directory, 'crun')
  const containerId = 'box'
  const pidFile = join(directory, 'pid')
  const crun = (...args: string[]) =>
    execFileSync('crun', ['--root', crunRoot, '--cgroup-manager=disabled', ...args], { stdio: 'ignore' })
  crun('run', '--detach', '--bundle', directory, '--pid-file', pidFile, containerId)
  return {
    containerId,
    crunRoot,
    ociRuntime: 'crun',
    initPid: Number(readFileSync(pidFile, 'utf8')),
    [Symbol.dispose]() {
      crun('delete', '--force', containerId)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
