import { defineConfig } from '@playwright/test'
import { launchOptions } from './browser.js'

/** Tests of a whole instance in a real browser. `bin/test` runs them after everything is built. */
export default defineConfig({
  testDir: '.',
  // The pictures of the documentation are made on purpose: CLOCHE_SCREENSHOTS=1 bin/test e2e/screenshots
  testIgnore: process.env.CLOCHE_SCREENSHOTS === undefined ? ['screenshots.spec.ts'] : [],
  outputDir: '../.cache/e2e',
  globalSetup: './global-setup.ts',
  timeout: 240_000,
  expect: { timeout: 30_000 },
  // Each with an instance and a browser of its own; most tests wait for something most of their time.
  workers: 2,
  // As in vitest.config.ts; Playwright lists these tests as flaky.
  retries: process.env.CLOCHE_TEST_RETRY === undefined ? 0 : 1,
  forbidOnly: true,
  use: {
    viewport: { width: 1280, height: 800 },
    // Recording takes a good part of the processor time: in a run of everything, only what failed is recorded, when it is tried again.
    trace: process.env.CLOCHE_TEST_RETRY === undefined ? 'retain-on-failure' : 'on-first-retry',
    launchOptions: launchOptions({ webgl: false }),
  },
})
