import { transfer } from '../../../lib/api'
import {
  type AssignmentFile,
  type AssignmentFileKind,
  assignmentFiles,
} from '../../../lib/protocol-assignments'

/** Larger ones are not edited in the page. */
export const editableBytes = 256 * 1024

/** Where the files of one kind are. */
export const filesOf = (id: string, kind: AssignmentFileKind) => `/assignments/${id}/files/${kind}`

/** Where one of them is. */
export function fileOf(id: string, kind: AssignmentFileKind, path: string): string {
  return `${filesOf(id, kind)}/file?${new URLSearchParams({ path })}`
}

/** @returns all files of this kind then @throws ApiError */
export async function writeFile(
  id: string,
  kind: AssignmentFileKind,
  { path, content, executable }: { path: string; content: Blob; executable: boolean },
): Promise<readonly AssignmentFile[]> {
  const response = await transfer(`${fileOf(id, kind, path)}&executable=${executable}`, {
    ...{ method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: content },
  })
  return assignmentFiles.parse(await response.json()).items
}

export async function deleteFile(id: string, kind: AssignmentFileKind, path: string): Promise<void> {
  await transfer(fileOf(id, kind, path), {
    ...{ method: 'DELETE', headers: { 'content-type': 'application/octet-stream' } },
  })
}

/** @returns null for what is no text @throws ApiError */
export async function readText(id: string, kind: AssignmentFileKind, path: string): Promise<string | null> {
  const bytes = await (await transfer(fileOf(id, kind, path))).arrayBuffer()
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // Not UTF-8: an image, or a program.
    return null
  }
}

/** Files of a device do not say whether they are programs; those that name what runs them are. */
export async function isScript(file: Blob): Promise<boolean> {
  return (await file.slice(0, 2).text()) === '#!'
}
