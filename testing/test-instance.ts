/**
 * The instance that the tests of this process run in, beside any other. It names their cgroups, interfaces, network
 * namespace and directories; `bin/test` lets nobody else use the same one meanwhile. Of the test files that vitest
 * runs at the same time each has its own: the number of its worker is at the end of the name.
 */
export const testInstance = `${process.env.CLOCHE_TEST_INSTANCE ?? 'clotest'}${process.env.VITEST_POOL_ID ?? ''}`

/** What is at the end of the name of the instance that the test files of a worker share. */
export const sharedSuffix = 'all'
