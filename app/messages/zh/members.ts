import type { Texts } from '../texts'

export const members: Texts<'members'> = {}
