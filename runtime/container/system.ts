/** What a sandbox needs from the host to be a small machine. */
export interface SystemParts {
  /** The cgroup in which it groups its processes, on the host. */
  readonly cgroup: string
  /** Where the kernel counts its disk, on the host; undefined where it does not. */
  readonly quota: string | undefined
}

/** Where every distribution with systemd has it, or a link to it. */
export const systemInit = '/sbin/init'

/**
 * Whether the program that an image starts is an init, by the rule of podman.
 * @see https://docs.podman.io/en/latest/markdown/podman-run.1.html, `--systemd`
 */
export const startsSystem = (program: string | undefined) =>
  program !== undefined &&
  (/^(\/usr(\/local)?)?\/sbin\/init$/.test(program) || /(^|\/)systemd$/.test(program))

/** SIGRTMIN+3 of the C library, upon which systemd halts. @see systemd(1), "Signals" */
export const powerOffSignal = 37

/** By which systemd knows that it runs in a container, and leaves to the host what is the host's. */
export const systemEnvironment = ['container=cloche'] as const

/**
 * In place of the masked `/sys/fs` of other sandboxes: systemd wants its cgroup before its first instruction, so they are
 * there when it starts.
 * @see https://systemd.io/CONTAINER_INTERFACE
 */
export function systemMounts({ cgroup, quota }: SystemParts) {
  const bind = (source: string, destination: string, ...options: string[]) => ({
    ...{ destination, type: 'bind', source },
    options: ['bind', 'nosuid', 'nodev', 'noexec', ...options],
  })
  const tmpfs = (destination: string, ...options: string[]) => ({
    ...{ destination, type: 'tmpfs', source: 'tmpfs' },
    options: ['nosuid', 'nodev', 'noexec', ...options],
  })
  return [
    tmpfs('/sys/fs', 'mode=755', 'size=64k', 'nr_inodes=64'),
    // Debian's would mount it itself, and ends where it cannot.
    tmpfs('/run/lock', 'mode=1777', 'size=5m', 'nr_inodes=1024'),
    bind(cgroup, '/sys/fs/cgroup'),
    ...(quota === undefined ? [] : [bind(quota, '/sys/fs/quota', 'ro')]),
  ]
}
