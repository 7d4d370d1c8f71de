import { Readable } from 'node:stream'
import { z } from 'zod'
import { utf8, writeHeaders, writeQuery } from '../../../protocol/api/index.js'
import { ApiError } from '../../errors.js'
import { type Context, tool } from '../tool.js'
import { wholeOf } from '../whole.js'
import { contentMax } from './files.js'
import { path, sandbox } from './sandbox.js'

export const editFile = tool(
  {
    name: 'edit_file',
    title: 'Edit a file',
    description:
      'Replaces a text in a file of a sandbox by another. old_text must be in the file exactly, with its spaces and line breaks, and once: give enough of the lines around it, or set replace_all. ' +
      'Read the file before with read_file. Nothing is written when the text is not found or the file changed meanwhile.',
    input: z.strictObject({
      sandbox,
      path,
      old_text: z.string().min(1).max(contentMax),
      new_text: z.string().max(contentMax).describe('may be empty'),
      replace_all: z.boolean().default(false).describe('every place where it is, however many'),
    }),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false },
  },
  async (context, { sandbox, path, old_text, new_text, replace_all }) => {
    const { text, etag } = await contentOf(context, sandbox, path)
    const parts = text.split(old_text)
    const count = parts.length - 1
    if (count === 0) {
      throw new ApiError(
        'invalid_request',
        `old_text is not in ${path}; it must match exactly, with spaces and line breaks: read the file again`,
      )
    }
    if (count > 1 && !replace_all) {
      throw new ApiError(
        'invalid_request',
        `old_text is in ${path} ${count} times; give more of the lines around the one that you mean, or set replace_all`,
      )
    }
    const headers = writeHeaders.parse(etag === undefined ? {} : { 'if-match': etag })
    const changed = Readable.from([Buffer.from(parts.join(new_text))], { objectMode: false })
    await context.services.files.write(context.who, sandbox, writeQuery.parse({ path }), headers, changed)
    const line = (parts[0] ?? '').split('\n').length
    return count === 1
      ? `replaced one text in ${path}, at line ${line}`
      : `replaced ${count} texts in ${path}, the first at line ${line}`
  },
)

/** @throws ApiError `invalid_request` when it is too large, or not text */
async function contentOf({ who, services }: Context, sandbox: string, path: string) {
  const content = await services.files.read(who, sandbox, { path }, {})
  const whole = await wholeOf(content, contentMax)
  if (whole === undefined) {
    throw new ApiError(
      'invalid_request',
      `${path} is larger than ${contentMax} bytes; change it with run_command, for example with sed`,
    )
  }
  const text = utf8(whole)
  if (text === undefined) {
    throw new ApiError('invalid_request', `${path} is not UTF-8; change it with run_command`)
  }
  return { text, etag: content.headers.etag }
}
