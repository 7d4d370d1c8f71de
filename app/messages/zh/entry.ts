import type { Texts } from '../texts'

export const entry: Texts<'entry'> = {}
