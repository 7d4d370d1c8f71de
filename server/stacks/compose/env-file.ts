import { parseEnv } from 'node:util'
import { z } from 'zod'
import { refused } from './refused.js'

const named = z.union(
  [
    z.string().transform((path) => ({ path, required: true })),
    z.strictObject({ path: z.string(), required: z.boolean().default(true) }),
  ],
  'must be the path of a file, or a mapping with path',
)
export const envFile = z.union(
  [named.transform((one) => [one]), z.array(named).max(16)],
  'must be the path of a file, or a list of them',
)

/**
 * The environment of a service: of its files, each over those before it, and over them what the service says itself.
 * @param files what stands in them, by their paths in the compose file
 * @throws ApiError `invalid_request` for one that was not given
 */
export function environmentOf(
  path: string,
  {
    env_file: named = [],
    environment = {},
  }: {
    readonly env_file?: z.infer<typeof envFile> | undefined
    readonly environment?: Readonly<Record<string, string>> | undefined
  },
  files: Readonly<Record<string, string>>,
): Record<string, string> {
  const read = named.map(({ path: file, required }, at) => {
    const text = Object.hasOwn(files, file) ? files[file] : undefined
    if (text !== undefined) return parseEnv(text)
    if (!required) return {}
    throw refused(
      `${path}.env_file[${at}]`,
      `the text of ${JSON.stringify(file.slice(0, 200))} is missing: give it with the file (\`files\`), as cloche stack up does`,
    )
  })
  return Object.assign({}, ...read, environment)
}
