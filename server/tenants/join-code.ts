import { randomInt } from 'node:crypto'

/** Crockford's: without letters that are taken for digits. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const [groups, groupLength] = [3, 4]
const shape = new RegExp(`^[${alphabet}]{${groups * groupLength}}$`)

/** Of 60 random bits, for a blackboard: `7KDM-0QXR-WT4E`. */
export const newJoinCode = (): string =>
  Array.from({ length: groups }, () =>
    Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join(''),
  ).join('-')

/** A code as it was made, however it was typed; everything else as it is. */
export function readJoinCode(text: string): string {
  const plain = text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  return shape.test(plain) ? (plain.match(/.{4}/g)?.join('-') ?? text) : text
}
