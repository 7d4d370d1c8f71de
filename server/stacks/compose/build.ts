import { z } from 'zod'
import { newTemplateName } from '../../../protocol/api/index.js'
import { refused } from './refused.js'

const nameMax = 40
/** A directory or file beside the compose file. */
const path = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (text) => !/^[a-z][a-z0-9+.-]*:|^git@/i.test(text),
    'must be a directory beside the compose file: clone the repository first',
  )
const args = z.union(
  [
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)),
    z.array(z.string().regex(/=/, 'must be NAME=value')).transform((lines) =>
      Object.fromEntries(
        lines.map((line): [string, string] => {
          const at = line.indexOf('=')
          return [line.slice(0, at), line.slice(at + 1)]
        }),
      ),
    ),
  ],
  'must be a mapping, or a list of NAME=value',
)

/** How the template of a service is built. Whoever starts the stack builds it, with the files that it has. */
export const composeBuild = z.union(
  [
    path.transform((context) => ({ context, dockerfile: 'Dockerfile', args: {}, target: null })),
    z.strictObject({
      context: path,
      dockerfile: path.default('Dockerfile'),
      args: args.default({}),
      target: z.string().max(128).nullable().default(null),
    }),
  ],
  'must be a directory, or a mapping with context',
)
export type ComposeBuild = z.infer<typeof composeBuild>

/**
 * What the template of a service is called that is built for it.
 * @param image what the file calls it, if it does
 * @throws ApiError `invalid_request` when that is no name of a template
 */
export function templateOfBuild(stack: string, service: string, image: string | undefined): string {
  const name = image ?? `${stack}-${service}`.replaceAll('_', '-').slice(0, nameMax).replace(/-+$/, '')
  if (newTemplateName.safeParse(name).success) return name
  throw refused(
    `services.${service}.image`,
    image === undefined
      ? `is missing: ${name} is no name of a template, so name one that is built (a-z, 0-9 and -, at most ${nameMax})`
      : `must be the name of a template that is built: 1 to ${nameMax} of a-z, 0-9 and -, the first a letter`,
  )
}
