/** The workspace around its panes. */
export const workspace = {
  all: 'All sandboxes',
  deleted: 'This sandbox was deleted',
  deletedText: 'Someone deleted it, or its time to live ended. Its disk was deleted with it.',
  dismissIncidents: 'Dismiss',
  editorHeight: 'Height of the editor',
  files: 'Files',
  filesWidth: 'Width of the files',
  goToSandboxes: 'Go to your sandboxes',
  heading: 'Workspace of {name}',
  hideFiles: 'Hide files',
  incidents: {
    disk: 'The disk is full: its limit is {limit}. Programs cannot write until something is deleted.',
    network: 'No access to {host}: the allowlist of this sandbox does not have it.',
    oom: 'Out of memory: {process} was ended at the limit of {limit}{count, plural, one {} other {, # times}}.',
    oomUnnamed:
      'Out of memory: {count, plural, one {a process was ended} other {# processes were ended}} at the limit of {limit}.',
    pids: 'Too many processes: at the limit of {limit}, {count, plural, one {a new one was} other {# new ones were}} refused.',
  },
  keepAwake: 'Keep awake',
  meters: 'Meters',
  moreActions: 'More actions',
  notFound: 'Sandbox not found',
  notFoundText: 'Check the address, or switch to the tenant that owns it.',
  nothingToRun:
    'Nothing here says how it is run. Add a Makefile with a target “run”, a script “start” to package.json, or a file such as main.py.',
  run: 'Run the project',
  runTab: 'Run',
  shortcuts: {
    commands: 'Show all commands',
    files: 'Show or hide files',
    focusEditor: 'Move focus to the editor',
    focusFiles: 'Move focus to the files',
    focusTerminal: 'Move focus to the terminal',
    git: 'Show or hide source control',
    problems: 'Show or hide problems, from files or editor',
    quickOpen: 'Open a file by its name, from files or editor',
    run: 'Run the project; also F5 outside of terminals',
    search: 'Search in files, from files or editor',
    symbols: 'Go to a symbol of the file, from the editor',
  },
  showFiles: 'Show files',
  sleepsSoon: {
    paused:
      'Nothing uses this sandbox, so it will be paused. Its programs keep their memory and go on when it is used.',
    stopped: 'Nothing uses this sandbox, so it will be stopped. Its programs end; files are kept.',
  },
} as const
