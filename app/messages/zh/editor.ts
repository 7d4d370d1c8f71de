import type { Texts } from '../texts'

export const editor: Texts<'editor'> = {
  copyLink: '复制此行的链接',
  keys: { emacs: 'Emacs', standard: '标准', vim: 'Vim' },
  keysLabel: '编辑器按键',
  keysMenu: '编辑器按键：{name}',
}
