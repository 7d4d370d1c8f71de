import type { Texts } from '../texts'

export const runs: Texts<'runs'> = {}
