import type { Healthcheck } from '../../protocol/api/index.js'
import type { NodeImage } from '../../protocol/node/index.js'

export const configType = 'application/vnd.oci.image.config.v1+json'
export const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/** What a manifest says of what it names. */
export interface Described {
  readonly mediaType: string
  readonly digest: string
  readonly sizeBytes: number
}

/**
 * The configuration of an image.
 * @param steps what each of its layers is, in words
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md
 */
export function configOf(
  { architecture, createdAt, config }: NodeImage,
  layers: readonly { readonly diffId: string }[],
  steps: readonly string[],
) {
  const { user, env, entrypoint, cmd, workingDirectory, stopSignal, labels, ports } = config
  const { healthcheck, volumes } = config
  return {
    ...{ created: createdAt, architecture, os: 'linux' },
    config: {
      ...{ User: user, Env: Object.entries(env).map(([key, value]) => `${key}=${value}`) },
      ...(entrypoint.length === 0 ? {} : { Entrypoint: entrypoint }),
      ...(cmd.length === 0 ? {} : { Cmd: cmd }),
      ...{ WorkingDir: workingDirectory, StopSignal: stopSignal, Labels: labels },
      ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])),
      ...(volumes.length === 0 ? {} : { Volumes: Object.fromEntries(volumes.map((path) => [path, {}])) }),
      ...(healthcheck === null ? {} : { Healthcheck: stated(healthcheck) }),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, i) => ({ created: createdAt, created_by: steps[i] ?? '' })),
  }
}

export const manifestOf = (config: Described, layers: readonly Described[]) => ({
  ...{ schemaVersion: 2, mediaType: manifestType, config: descriptorOf(config) },
  layers: layers.map(descriptorOf),
})

export const descriptorOf = ({ mediaType, digest, sizeBytes }: Described) => ({
  ...{ mediaType, digest, size: sizeBytes },
})

/** Times in nanoseconds, as configurations have them. */
function stated({ test, retries, ...seconds }: Healthcheck) {
  const nanoseconds = (value: number) => Math.round(value * 1e9)
  return {
    Test: ['CMD', ...test],
    Interval: nanoseconds(seconds.intervalSeconds),
    Timeout: nanoseconds(seconds.timeoutSeconds),
    StartPeriod: nanoseconds(seconds.startPeriodSeconds),
    Retries: retries,
  }
}
