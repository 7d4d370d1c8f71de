import type { Extension } from '@codemirror/state'
import { z } from 'zod'
import '../lib/jitless'
import { read, write } from '../terminal/preferences'
import { Store } from '../terminal/store'

export const keyBindingNames = ['standard', 'vim', 'emacs'] as const
export type KeyBindings = (typeof keyBindingNames)[number]

const key = 'cloche-editor-keys'
const schema = z.enum(keyBindingNames).catch('standard')

/** Whose keys the editor has, in this browser. */
class KeyBindingStore extends Store<KeyBindings> {
  constructor() {
    super(schema.parse(read(key)))
  }

  choose(bindings: KeyBindings): void {
    this.set(bindings)
    write(key, bindings)
  }
}

let shared: KeyBindingStore | undefined

export function keyBindings(): KeyBindingStore {
  shared ??= new KeyBindingStore()
  return shared
}

/**
 * The keys of another editor, loaded when they are first wanted; none of the standard ones.
 * @param save is what `:w` does
 */
export async function bindingsOf(name: KeyBindings, save: () => void): Promise<Extension> {
  if (name === 'emacs') return (await import('@replit/codemirror-emacs')).emacs()
  if (name === 'standard') return []
  const { Vim, vim } = await import('@replit/codemirror-vim')
  Vim.defineEx('write', 'w', save)
  return vim({ status: true })
}
