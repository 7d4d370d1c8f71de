import { z } from 'zod'
import { volumeId } from './ids.js'
import { textWithoutNul } from './text.js'

/** Of one sandbox: each is a mount that its start waits for. */
export const volumeMountsMax = 16

/** Where the kernel's own file systems are, and what is made anew for each start. */
const reserved = ['/proc', '/sys', '/dev', '/run']

const isWithin = (path: string, directory: string) => path === directory || path.startsWith(`${directory}/`)

/** An absolute directory as it is written shortest, of the image's own. */
const mountPath = textWithoutNul(1024).superRefine((path, context) => {
  const names = path.split('/').slice(1)
  if (!path.startsWith('/')) context.addIssue('must be absolute, such as /data')
  else if (path === '/') context.addIssue('must not be the root directory')
  else if (names.some((name) => ['', '.', '..'].includes(name)))
    context.addIssue('must be without //, . and .., and not end in /')
  else if (names.some((name) => new TextEncoder().encode(name).length > 255))
    context.addIssue('has a name of more than 255 bytes')
  const own = reserved.find((directory) => isWithin(path, directory))
  if (own !== undefined) context.addIssue(`must not be in ${own}, which is the sandbox's own`)
})

/** A volume in a sandbox. */
export const volumeMount = z.strictObject({
  volume: volumeId,
  path: mountPath.describe(
    'absolute; the directory is made when it is missing, and must not lead through symbolic links',
  ),
  readOnly: z.boolean().default(false).describe('nobody in the sandbox can write to it, root included'),
})

export const volumeMounts = z
  .array(volumeMount)
  .max(volumeMountsMax)
  .superRefine((mounts, context) => {
    for (const [at, { path }] of mounts.entries()) {
      const other = mounts.slice(0, at).find((one) => isWithin(path, one.path) || isWithin(one.path, path))
      if (other === undefined) continue
      const message =
        path === other.path ? 'is the path of two volumes' : `and ${other.path} are in each other`
      context.addIssue({ code: 'custom', message, path: [at, 'path'] })
    }
  })

/** As it was accepted once. */
export const storedVolumeMount = z.object({ volume: volumeId, path: z.string(), readOnly: z.boolean() })
export type StoredVolumeMount = z.infer<typeof storedVolumeMount>
