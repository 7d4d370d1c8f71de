/** The palette of files and commands. */
export const palette = {
  allSandboxes: 'All sandboxes',
  editSandbox: 'Edit sandbox',
  failed: 'The names of files could not be read. Commands work: type > first.',
  loading: 'Reading the names of files…',
  loadingSymbols: 'Reading the symbols…',
  noCommand: 'No such command.',
  noFile: 'No such file. Hidden files, and what .gitignore excludes, are not listed.',
  noSymbol: 'No such symbol.',
  placeholder: 'Name of a file, or > and a command, or @ and a symbol',
  terminal: 'Terminal: {name}',
  title: 'Go to a file or a command',
} as const
