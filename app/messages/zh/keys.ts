import type { Texts } from '../texts'

export const keys: Texts<'keys'> = {}
