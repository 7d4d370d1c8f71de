/** The editor. */
export const editor = {
  copyLink: 'Copy link to this line',
  keys: { emacs: 'Emacs', standard: 'Standard', vim: 'Vim' },
  keysLabel: 'Keys of the editor',
  keysMenu: 'Keys of the editor: {name}',
} as const
