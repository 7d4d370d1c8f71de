import { z } from 'zod'
import '../lib/jitless'

/** Text is one string, or its lines. */
const text = z
  .union([z.string(), z.array(z.string())])
  .transform((said) => (typeof said === 'string' ? said : said.join('')))
const data = z.record(z.string(), z.unknown())

const output = z.union([
  z.object({ output_type: z.literal('stream'), name: z.string(), text }),
  z.object({ output_type: z.enum(['display_data', 'execute_result']), data }),
  z.object({ output_type: z.literal('error'), traceback: z.array(z.string()) }),
])

const notebook = z.object({
  nbformat: z.literal(4),
  metadata: z
    .object({ language_info: z.object({ name: z.string() }).optional().catch(undefined) })
    .catch({ language_info: undefined }),
  cells: z.array(
    z.object({
      cell_type: z.enum(['markdown', 'code', 'raw']),
      source: text,
      execution_count: z.number().nullable().optional(),
      outputs: z.array(output.nullable().catch(null)).optional(),
    }),
  ),
})

/** What a cell printed or drew, in the best form that is shown here. */
export type Output =
  | { readonly kind: 'text'; readonly text: string; readonly failed: boolean }
  | { readonly kind: 'image'; readonly url: string }
  | { readonly kind: 'unknown' }

export interface Cell {
  readonly kind: 'markdown' | 'code' | 'raw'
  readonly source: string
  /** null for one that was not run. */
  readonly count: number | null
  readonly outputs: readonly Output[]
}

export interface Notebook {
  /** Such as `python`. */
  readonly language: string
  readonly cells: readonly Cell[]
}

/**
 * Reads a Jupyter notebook. HTML and scripts of outputs are not taken: they would run in this page.
 * @throws when it is none of version 4
 * @see https://nbformat.readthedocs.io/en/latest/format_description.html
 */
export function parseNotebook(json: string): Notebook {
  const { metadata, cells } = notebook.parse(JSON.parse(json))
  return {
    language: metadata.language_info?.name ?? 'python',
    cells: cells.map(({ cell_type, source, execution_count, outputs }) => ({
      ...{ kind: cell_type, source, count: execution_count ?? null },
      outputs: (outputs ?? []).map(outputOf),
    })),
  }
}

function outputOf(said: z.infer<typeof output> | null): Output {
  if (said === null) return { kind: 'unknown' }
  if (said.output_type === 'stream')
    return { kind: 'text', text: plain(said.text), failed: said.name === 'stderr' }
  if (said.output_type === 'error')
    return { kind: 'text', text: plain(said.traceback.join('\n')), failed: true }
  for (const type of ['image/png', 'image/jpeg']) {
    const image = text.safeParse(said.data[type])
    if (image.success) return { kind: 'image', url: `data:${type};base64,${image.data.replace(/\s/g, '')}` }
  }
  const words = text.safeParse(said.data['text/plain'])
  return words.success ? { kind: 'text', text: plain(words.data), failed: false } : { kind: 'unknown' }
}

/** Without the colours of a terminal. */
const plain = (words: string) => words.replace(/\u001b\[[0-9;]*m/g, '')
