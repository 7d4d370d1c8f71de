/**
 * The server (`server/`) loads this at start as well as `next build`, so it does nothing.
 *
 * @type {import('next').NextConfig}
 */
const config = {
  poweredByHeader: false,
  reactStrictMode: true,
  // `tsc -p .` checks the whole repository; a second check here would only cost time.
  typescript: { ignoreBuildErrors: true, tsconfigPath: 'app/tsconfig.json' },
  turbopack: {
    rules: {
      '**/protocol/api/*.ts': { loaders: ['./app/protocol-loader.cjs'] },
      '**/@xterm/*/lib/*.mjs': { loaders: ['./app/xterm-loader.cjs'] },
    },
  },
  // Nothing here is an image to resize, and the optimizer would be one more thing that answers strangers.
  images: { unoptimized: true },
  experimental: {
    // These packages export hundreds of names from one file.
    optimizePackageImports: ['lucide-react', 'radix-ui'],
  },
}

export default config
