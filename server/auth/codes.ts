import { randomInt } from 'node:crypto'

/** Crockford's: without letters that are taken for digits. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const groupLength = 4
const cardGroups = 2

/** Random groups of letters and digits that people read aloud and type, of 20 bits each: `7KDM-0QXR-WT4E`. */
export const newCode = (groups: number): string =>
  Array.from({ length: groups }, () =>
    Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join(''),
  ).join('-')

/** A code of so many groups as it was made, however it was typed; everything else as it is. */
export function readCode(groups: number, text: string): string {
  const plain = text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  if (!new RegExp(`^[${alphabet}]{${groups * groupLength}}$`).test(plain)) return text
  return plain.match(/.{4}/g)?.join('-') ?? text
}

/** What a student without an e-mail address signs in with: `7KDM-0QXR`. */
export const newCardCode = (): string => newCode(cardGroups)

/** The code of a card, however it was typed. A password that somebody chose is longer than one, and is left as it is. */
export const readCardCode = (text: string): string =>
  text.trim().length > cardGroups * (groupLength + 1) - 1 ? text : readCode(cardGroups, text)
