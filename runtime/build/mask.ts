const shown = '***'
/** Shorter ones are part of too much else. */
const shortest = 4

/** Takes secrets out of text that comes in pieces. A line of a secret counts as one, for a terminal changes the ends of lines. */
export class Mask {
  readonly #secrets: readonly string[]
  #held = ''

  constructor(secrets: readonly string[]) {
    this.#secrets = [...new Set(secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]))]
      .map((secret) => secret.trim())
      .filter((secret) => secret.length >= shortest)
      .toSorted((a, b) => b.length - a.length)
  }

  /** @returns what can be shown already: what may be the beginning of a secret waits for more */
  push(text: string): string {
    let all = this.#held + text
    for (const secret of this.#secrets) all = all.replaceAll(secret, shown)
    const held = this.#beginning(all)
    this.#held = all.slice(all.length - held)
    return all.slice(0, all.length - held)
  }

  /** The rest, when nothing comes any more. */
  end(): string {
    const rest = this.#held
    this.#held = ''
    return rest
  }

  /** How many characters at the end may be the beginning of a secret. */
  #beginning(text: string): number {
    let most = 0
    for (const secret of this.#secrets) {
      for (let length = Math.min(secret.length - 1, text.length); length > most; length--) {
        if (text.endsWith(secret.slice(0, length))) most = length
      }
    }
    return most
  }
}
