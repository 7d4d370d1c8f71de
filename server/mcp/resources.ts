import type {
  ListResourcesResult,
  ListResourceTemplatesResult,
  ReadResourceResult,
} from '@modelcontextprotocol/sdk/types.js'
import { sandboxId, utf8 } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { invalidParams } from './messages.js'
import type { Context } from './tool.js'
import { lineOf } from './tools/sandboxes.js'
import { wholeOf } from './whole.js'

/** Of one file that is read as a whole. */
const contentMax = 1024 * 1024
const pageSize = 100

export const resourceTemplates: ListResourceTemplatesResult = {
  resourceTemplates: [
    {
      ...{ uriTemplate: 'sandbox://{id}/{+path}', name: 'file', title: 'A file of a sandbox' },
      description:
        'A file by its absolute path without the first slash, such as sandbox://sb_…/home/user/main.py. Special characters of URIs are written as %XX.',
    },
  ],
}

/** Each sandbox is a resource: what it is. */
export async function listResources(
  { who, services }: Context,
  cursor: string | undefined,
): Promise<ListResourcesResult> {
  const { items, nextCursor } = await services.sandboxes.list(who, { limit: pageSize, cursor })
  return {
    resources: items.map((one) => ({
      ...{ uri: `sandbox://${one.id}/`, name: one.name, title: one.name, mimeType: 'text/plain' },
      description: lineOf(one),
    })),
    ...(nextCursor === null ? {} : { nextCursor }),
  }
}

/** @throws ProtocolError, ApiError */
export async function readResource(context: Context, uri: string): Promise<ReadResourceResult> {
  const { who, services } = context
  const { id, path } = partsOf(uri)
  if (path === '') {
    const text = lineOf(await services.sandboxes.get(who, id))
    return { contents: [{ uri, mimeType: 'text/plain', text }] }
  }
  const content = await services.files.read(who, id, { path: `/${path}` }, {})
  const whole = await wholeOf(content, contentMax)
  if (whole === undefined) {
    throw new ApiError(
      'invalid_request',
      `the file has more than ${contentMax} bytes; read a part of it with the tool read_file`,
    )
  }
  const text = whole.includes(0) ? undefined : utf8(whole)
  if (text === undefined) {
    return { contents: [{ uri, mimeType: 'application/octet-stream', blob: whole.toString('base64') }] }
  }
  return { contents: [{ uri, mimeType: 'text/plain', text }] }
}

function partsOf(uri: string): { id: string; path: string } {
  const [, id = '', path = ''] = /^sandbox:\/\/([^/?#]+)\/([^?#]*)$/.exec(uri) ?? []
  if (!sandboxId.safeParse(id).success) throw notAResource()
  try {
    const decoded = decodeURIComponent(path)
    if (!decoded.includes('\0')) return { id, path: decoded }
  } catch {
    // It has a % without two hexadecimal digits, or bytes that are no UTF-8.
  }
  throw notAResource()
}

const notAResource = () =>
  invalidParams('uri: is no resource of Cloche, such as sandbox://sb_…/home/user/main.py')
