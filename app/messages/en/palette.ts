/** The palette of files and commands. */
export const palette = {
  allSandboxes: 'All sandboxes',
  editSandbox: 'Edit sandbox',
  failed: 'The names of files could not be read. Commands work: type > first.',
  loading: 'Reading the names of files…',
  noCommand: 'No such command.',
  noFile: 'No such file. Hidden files, and what .gitignore excludes, are not listed.',
  placeholder: 'Name of a file, or > and a command',
  terminal: 'Terminal: {name}',
  title: 'Go to a file or a command',
} as const
