/** A file of an archive. Its content is read from the device when the archive is sent. */
export interface TarFile {
  /** Below the root of the archive, such as `src/main.c`. */
  readonly path: string
  readonly content: Blob
  readonly mode: number
}

const blockBytes = 512
const nameMax = 100
/** Eleven octal digits. */
const sizeMax = 8 ** 11 - 1
const encoder = new TextEncoder()

/**
 * A tar of files, whose contents stay on the device until they are sent.
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13
 */
export function tarOf(files: readonly TarFile[]): Blob {
  const parts = files.flatMap(({ path, content, mode }) => {
    const name = encoder.encode(path)
    const records = [
      ...(name.length > nameMax ? [record('path', path)] : []),
      ...(content.size > sizeMax ? [record('size', String(content.size))] : []),
    ].join('')
    const pax = encoder.encode(records)
    const before =
      pax.length === 0
        ? []
        : [header('x', encoder.encode('pax'), pax.length, 0o644), pax, padding(pax.length)]
    return [...before, header('0', name, content.size, mode), content, padding(content.size)]
  })
  return new Blob([...parts, new Uint8Array(2 * blockBytes)], { type: 'application/x-tar' })
}

const padding = (bytes: number) => new Uint8Array((blockBytes - (bytes % blockBytes)) % blockBytes)

/** A record of a pax header, which begins with its own length. */
function record(key: string, value: string): string {
  const bytes = encoder.encode(` ${key}=${value}\n`).length
  let length = bytes
  while (length !== bytes + String(length).length) length = bytes + String(length).length
  return `${length} ${key}=${value}\n`
}

function header(flag: string, name: Uint8Array, sizeBytes: number, mode: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(blockBytes)
  const put = (text: string, at: number) => block.set(encoder.encode(text), at)
  const octal = (value: number, at: number, digits: number) =>
    put(value.toString(8).padStart(digits, '0'), at)
  block.set(name.subarray(0, nameMax))
  octal(mode, 100, 7)
  octal(0, 108, 7)
  octal(0, 116, 7)
  octal(sizeBytes > sizeMax ? 0 : sizeBytes, 124, 11)
  octal(0, 136, 11)
  put('        ', 148)
  put(flag, 156)
  put('ustar\0' + '00', 257)
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  )
  put('\0 ', 154)
  return block
}
