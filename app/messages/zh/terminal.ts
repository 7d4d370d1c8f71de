import type { Texts } from '../texts'

export const terminal: Texts<'terminal'> = {}
