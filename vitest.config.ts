import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{common,protocol,runtime,server,supervisor,cli,sdk,app,dev}/**/*.test.ts'],
    // The kernel's tables are shared by all tests of this machine, and it has few cores.
    fileParallelism: false,
    // A file that a test compares with and does not find is a failure here as on CI's machine; `-u` writes it.
    update: 'none',
    // The machine is shared. What passes only then is listed at the end (`testing/unstable-reporter.ts`).
    retry: process.env.CLOCHE_TEST_RETRY === undefined ? 0 : 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
