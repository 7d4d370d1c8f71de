/**
 * How the browser of the tests is started. Nothing here has a graphics card: WebGL in software takes more processor time than
 * everything else, so terminals are drawn with the document, as in a browser without WebGL. What draws, or what a person sees first, is
 * tested with it: `test.use({ launchOptions: launchOptions({ webgl: true }) })`.
 */
export const launchOptions = ({ webgl }: { readonly webgl: boolean }) => ({
  executablePath: '/usr/bin/chromium',
  // No GPU and no sandbox of its own in a container of CI; the rest keeps it from calling its maker.
  args: [
    ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ...(webgl ? [] : ['--disable-3d-apis', '--disable-gpu-rasterization']),
  ],
})
