import { type Extent, TarError, tarBlockBytes } from './format.js'
import { numberAt } from './header.js'
import { decimal, type PaxRecords } from './pax.js'
import type { TarSource } from './source.js'

/** Where a sparse file's bytes belong, which follow each other in the archive. */
export interface SparseMap {
  readonly sizeBytes: number
  readonly extents: readonly Extent[]
  /** Of the entry's content: what the map itself takes. */
  readonly mapBytes: number
}

/** As many as a map may list: what is longer is a mistake, or meant to fill the memory. */
const extentsMax = 500_000

/**
 * The map of a sparse file, if the entry is one: GNU's old type `S`, and pax 0.0, 0.1 and 1.0.
 * @param block the entry's header
 * @see https://www.gnu.org/software/tar/manual/html_section/Sparse-Formats.html
 */
export async function readSparse(
  source: TarSource,
  block: Buffer,
  pax: PaxRecords,
  storedBytes: number,
): Promise<SparseMap | undefined> {
  if (block[156] === 0x53) return oldGnu(source, block, storedBytes)
  const { values } = pax
  const text = (key: string) => values.get(`GNU.sparse.${key}`)
  const [major, size] = [text('major')?.toString() ?? '0', text('realsize') ?? text('size')]
  if (size === undefined && text('major') === undefined) return undefined
  if (size === undefined) throw new TarError('a sparse file has no size')
  const sizeBytes = decimal(size, 'size')
  if (major === '1' && text('minor')?.toString() === '0') {
    const { numbers, mapBytes } = await mapInContent(source, storedBytes)
    return { sizeBytes, mapBytes, extents: checked(numbers, sizeBytes, storedBytes - mapBytes) }
  }
  if (major !== '0') throw new TarError(`a sparse file is of the unknown version ${JSON.stringify(major)}`)
  const map = text('map')
  const numbers = map === undefined ? pax.sparse : listed(map)
  return { sizeBytes, mapBytes: 0, extents: checked(numbers, sizeBytes, storedBytes) }
}

/** Four extents in the header, and 21 in each block after it. */
async function oldGnu(source: TarSource, block: Buffer, storedBytes: number): Promise<SparseMap> {
  const sizeBytes = numberAt(block, 483, 12)
  if (sizeBytes === undefined || sizeBytes < 0) throw new TarError('a sparse file has no valid size')
  const numbers: number[] = []
  const read = (from: Buffer, count: number) => {
    for (let at = 0; at < count * 24; at += 24) {
      if (from[at] === 0) return
      const [offset, bytes] = [numberAt(from, at, 12), numberAt(from, at + 12, 12)]
      if (offset === undefined || bytes === undefined) throw new TarError('a sparse file has a damaged map')
      numbers.push(offset, bytes)
    }
  }
  read(block.subarray(386), 4)
  for (let more = block[482]; more !== undefined && more !== 0 && more !== 0x30; ) {
    const next = await source.block()
    if (next === undefined) throw new TarError('it ends in the map of a sparse file')
    read(next, 21)
    if (numbers.length > 2 * extentsMax) throw tooMany()
    more = next[504]
  }
  return { sizeBytes, mapBytes: 0, extents: checked(numbers, sizeBytes, storedBytes) }
}

/** Version 1.0: lines of numbers before the content, filled up to whole blocks; the first says how many pairs follow. */
async function mapInContent(source: TarSource, storedBytes: number) {
  const numbers: number[] = []
  let [wanted, mapBytes, text] = [1, 0, '']
  while (numbers.length < wanted) {
    if (mapBytes + tarBlockBytes > storedBytes) throw new TarError('a sparse file has a damaged map')
    const block = await source.block()
    if (block === undefined) throw new TarError('it ends in the map of a sparse file')
    mapBytes += tarBlockBytes
    const lines = (text + block.toString('latin1')).split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      if (numbers.length >= wanted) break
      const number = decimal(Buffer.from(line), 'map of a sparse file')
      if (numbers.length === 0 && number > extentsMax) throw tooMany()
      if (numbers.length === 0) wanted = 1 + 2 * number
      numbers.push(number)
    }
    if (text.length > 20 && numbers.length < wanted) throw new TarError('a sparse file has a damaged map')
  }
  return { numbers: numbers.slice(1), mapBytes }
}

const listed = (map: Buffer) =>
  map
    .toString('latin1')
    .split(',')
    .map((one) => decimal(Buffer.from(one), 'map'))

/** Extents in order, inside the file, and as many bytes as the archive has. */
function checked(numbers: readonly number[], sizeBytes: number, storedBytes: number): Extent[] {
  const extents: Extent[] = []
  let [end, sum] = [0, 0]
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    const [at = 0, bytes = 0] = numbers.slice(index, index + 2)
    if (at < end || bytes < 0 || at + bytes > sizeBytes) throw new TarError('a sparse file has a damaged map')
    if (bytes > 0) extents.push({ at, bytes })
    end = at + bytes
    sum += bytes
  }
  if (numbers.length % 2 !== 0 || sum !== storedBytes) throw new TarError('a sparse file has a damaged map')
  return extents
}

const tooMany = () => new TarError(`a sparse file has more than ${extentsMax} parts`)

/** The map of version 1.0, as it stands before the content. */
export function sparseMap(extents: readonly Extent[], sizeBytes: number): Buffer {
  // GNU tar takes the end of the last part for the file's: a hole at the end needs one after it.
  const all = [...extents, { at: sizeBytes, bytes: 0 }]
  const lines = [all.length, ...all.flatMap(({ at, bytes }) => [at, bytes])]
  const text = Buffer.from(`${lines.join('\n')}\n`, 'latin1')
  const whole = Buffer.alloc(Math.ceil(text.length / tarBlockBytes) * tarBlockBytes)
  text.copy(whole)
  return whole
}
