// Compresses what the pages load, once and as well as it goes: brotli makes scripts a sixth smaller than gzip does.
// @fastify/static serves the file beside the other to whoever understands it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'

const directory = '.next/static'
for (const name of readdirSync(directory, { recursive: true })) {
  if (!/\.(js|css|svg|json)$/.test(name)) continue
  const file = join(directory, name)
  writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file)))
}
