import type { FilesClient } from '../files/client'
import { ApiError } from '../lib/api'
import { TextError } from '../lib/text-error'
import { decodeText, editableBytesMax } from './text'

/** What a file on the disk has, and which version of it that is. */
export interface DiskText {
  readonly text: string
  readonly version: string
}

type Disk =
  | (DiskText & { readonly kind: 'text' })
  | { readonly kind: 'unfit'; readonly reason: 'binary' | 'large'; readonly sizeBytes: number }
  | { readonly kind: 'same' }
  | { readonly kind: 'gone' }

/** @param version the one that is known: then the answer may be `same` */
export async function readText(client: FilesClient, path: string, version: string | null): Promise<Disk> {
  try {
    const found = await client.readIfChanged(path, version, editableBytesMax)
    if (found === 'same') return { kind: 'same' }
    if (found.bytes === null) return { kind: 'unfit', reason: 'large', sizeBytes: found.sizeBytes }
    const text = decodeText(found.bytes)
    if (text === null) return { kind: 'unfit', reason: 'binary', sizeBytes: found.sizeBytes }
    return { kind: 'text', text, version: found.version }
  } catch (error) {
    if (error instanceof ApiError && error.code === 'file_not_found') return { kind: 'gone' }
    throw error
  }
}

export class FileGone extends TextError {
  constructor(name: string) {
    super('editor.gone', { name })
    this.name = 'FileGone'
  }
}
