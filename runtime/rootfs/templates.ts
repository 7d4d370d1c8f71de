import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { storedLimits, template } from '../../protocol/api/index.js'
import { imageDescription, imageSettings } from '../container/image-settings.js'

const templateFile = template.omit({ own: true }).extend({
  // As they were built once: what another version accepts does not matter here.
  defaults: storedLimits,
  /** Names of directories under `layers/`, the lowest first. */
  layers: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{8,128}$/))
    .min(1)
    .max(128),
  builtAt: z.iso.datetime(),
  /** Of one that was made from an OCI image. */
  image: imageSettings.extend(imageDescription.shape).nullable().default(null),
  /** Whether everybody is told of it. Of the others only the server knows for whom they are. */
  listed: z.boolean().default(true),
  /** Of its layers, without those that a listed template has; null for what was made before this was counted. */
  sizeBytes: z.number().nullable().default(null),
})

/** A template as it lies on this node's disk. */
export type LocalTemplate = z.infer<typeof templateFile>

/** Reads every template of the disk. One that cannot be read is left out, and `warn` hears why. */
export async function readTemplates(
  disk: string,
  warn: (file: string, error: unknown) => void,
): Promise<Map<string, LocalTemplate>> {
  const directory = join(disk, 'templates')
  const found = new Map<string, LocalTemplate>()
  for (const file of await readdir(directory)) {
    if (!file.endsWith('.json')) continue
    try {
      const parsed = templateFile.parse(JSON.parse(await readFile(join(directory, file), 'utf8')))
      found.set(parsed.name, parsed)
    } catch (error) {
      warn(file, error)
    }
  }
  return found
}

/** Where the layers of a template are, the lowest first. */
export function layerPaths(disk: string, of: LocalTemplate): string[] {
  return of.layers.map((layer) => join(disk, 'layers', layer))
}
