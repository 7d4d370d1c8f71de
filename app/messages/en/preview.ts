/** The app that is shown beside the editor. */
export const preview = {
  address: 'Path on port {port}',
  app: 'App on port {port}',
  close: 'Close preview',
  elsewhere:
    'This address is not of this sandbox. Enter a path, or an address such as http://localhost:3000/.',
  paneWidth: 'Width of the preview',
  newTab: 'Open in a new tab',
  noDomain: 'This installation has no domain for previews. An operator can set one up.',
  preview: 'Preview',
  reload: 'Reload preview',
  show: 'Preview port {port}',
  showHere: 'Show beside the editor',
  waiting: 'Nothing listens on port {port} yet. The app is shown as soon as it does.',
  width: 'Width of the screen',
  widths: { full: 'Full width', phone: 'Width of a phone', tablet: 'Width of a tablet' },
} as const
