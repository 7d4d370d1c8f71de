import type { Texts } from '../texts'

export const workspace: Texts<'workspace'> = {}
