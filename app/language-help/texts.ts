import { heldState } from '../editor/state'
import { decodeText, editableBytesMax } from '../editor/text'
import { FilesClient } from '../files/client'
import type { HelpTools } from './help-tools'

/** Of more files, no lines are shown. */
const filesMax = 50

/** The lines of files: as the editor has them, else as the disk has them. What cannot be read is left out. */
export async function textsOf(
  help: HelpTools,
  paths: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const client = new FilesClient(help.sandboxId)
  const read = async (path: string): Promise<readonly [string, readonly string[]] | null> => {
    const document = help.open.find(path)
    const state = document && heldState(document)
    if (state) return [path, state.doc.toJSON()]
    try {
      const found = await client.readIfChanged(path, null, editableBytesMax)
      const text = found === 'same' || found.bytes === null ? null : decodeText(found.bytes)
      return text === null ? null : [path, text.split(/\r?\n/)]
    } catch {
      return null // It is listed without its line.
    }
  }
  const all = await Promise.all([...paths].slice(0, filesMax).map(read))
  return new Map(all.filter((one) => one !== null))
}
