import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{common,protocol,runtime,server,supervisor,cli,sdk,app,dev}/**/*.test.ts'],
    // The kernel's tables are shared by all tests of this machine, and it has few cores.
    fileParallelism: false,
    // A file that a test compares with and does not find is a failure here as on CI's machine; `-u` writes it.
    update: 'none',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
