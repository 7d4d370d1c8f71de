import type { Texts } from '../texts'

export const operator: Texts<'operator'> = {}
