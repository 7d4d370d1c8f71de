import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const [cipher, ivBytes, tagBytes, keyBytes] = ['aes-256-gcm', 12, 16, 32] as const
const sized = { authTagLength: tagBytes }

/**
 * Keeps secrets of tenants in the database so that a copy of the database alone tells them to nobody: with a key that follows from the secret of
 * the installation, which is not in it.
 */
export class Sealing {
  readonly #key: Buffer

  /** @param secret of the installation */
  constructor(secret: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'cloche registry credentials', keyBytes))
  }

  /** @param place what it belongs to: sealed text that is moved to another row cannot be opened there */
  seal(text: string, place: string): Buffer {
    const iv = randomBytes(ivBytes)
    const sealing = createCipheriv(cipher, this.#key, iv, sized).setAAD(Buffer.from(place))
    const sealed = Buffer.concat([sealing.update(text, 'utf8'), sealing.final()])
    return Buffer.concat([iv, sealing.getAuthTag(), sealed])
  }

  /** @returns undefined when it was sealed with another secret, or is damaged */
  open(sealed: Uint8Array, place: string): string | undefined {
    const bytes = Buffer.from(sealed)
    try {
      const opening = createDecipheriv(cipher, this.#key, bytes.subarray(0, ivBytes), sized)
        .setAAD(Buffer.from(place))
        .setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
      const text = [opening.update(bytes.subarray(ivBytes + tagBytes)), opening.final()]
      return Buffer.concat(text).toString()
    } catch {
      return undefined
    }
  }
}
