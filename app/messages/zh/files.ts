import type { Texts } from '../texts'

export const files: Texts<'files'> = {}
