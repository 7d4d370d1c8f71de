import { generateKeyPairSync } from 'node:crypto'

const text = (bytes: Buffer) => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** A line as of `id_ed25519.pub`, whose private key nobody has. */
export function newPublicKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const bytes = Buffer.concat([text(Buffer.from('ssh-ed25519')), text(raw)])
  return `ssh-ed25519 ${bytes.toString('base64')} somebody`
}
