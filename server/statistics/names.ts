/** Who a text may name. */
export interface Known {
  readonly name: string
  readonly number: string | null
  readonly email: string | null
  readonly username: string | null
}

const hiddenAs = '…'
/** Letters, marks and figures: what a name or a number of a student is made of. */
const word = /[\p{L}\p{M}\p{N}_]+(?:[-'’][\p{L}\p{M}\p{N}_]+)*/gu
const han = /\p{Script=Han}+/gu
const address = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g
/** Of a name that is written without spaces. */
const hanMax = 6
const leastLetters = 2

/**
 * Takes the names of students out of texts that they or their programs wrote: each part of a name, numbers, addresses and sign-in names.
 * By words, so that it costs the length of the text, however many students there are. A nickname is not known to it.
 */
export function withoutNames(students: readonly Known[]): (text: string) => string {
  const words = new Set<string>()
  for (const { name, number, email, username } of students) {
    const parts = [...name.matchAll(word)].flatMap(([part]) => [part, ...part.split(/[-'’]/)])
    const local = email?.split('@', 1)[0] ?? ''
    for (const one of [...parts, name, number ?? '', local, username ?? '']) {
      if (one.length >= leastLetters) words.add(one.toLowerCase())
    }
  }
  const known = (text: string) => words.has(text.toLowerCase())
  const hide = (part: string) => {
    if (known(part)) return hiddenAs
    const parts = part.split(/([-'’])/)
    return parts.some(known) ? parts.map((one) => (known(one) ? hiddenAs : one)).join('') : hideHan(part)
  }
  const hideHan = (part: string) =>
    part.replaceAll(han, (run) => {
      const characters = [...run]
      let left = ''
      for (let at = 0; at < characters.length; ) {
        let length = Math.min(hanMax, characters.length - at)
        while (length >= leastLetters && !known(characters.slice(at, at + length).join(''))) length--
        left += length >= leastLetters ? hiddenAs : (characters[at] ?? '')
        at += Math.max(1, length >= leastLetters ? length : 1)
      }
      return left
    })
  return (text) => text.replaceAll(address, hiddenAs).replaceAll(word, hide)
}
