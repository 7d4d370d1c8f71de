import type { Texts } from '../texts'

export const usage: Texts<'usage'> = {}
