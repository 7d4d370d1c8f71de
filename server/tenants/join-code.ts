import { newCode, readCode } from '../auth/codes.js'

const groups = 3

/** Of 60 random bits, for a blackboard: `7KDM-0QXR-WT4E`. */
export const newJoinCode = (): string => newCode(groups)

/** A code as it was made, however it was typed; everything else as it is. */
export const readJoinCode = (text: string): string => readCode(groups, text)
