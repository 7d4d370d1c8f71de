import type { Texts } from '../texts'

export const reference: Texts<'reference'> = {}
