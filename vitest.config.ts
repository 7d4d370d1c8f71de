import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What measures how processors, bandwidth and time are shared: nothing else runs meanwhile. */
const alone = [
  // Not the tests in a guest with a processor of its own, which take minutes.
  'runtime/cgroup/**/!(version2).test.ts',
  'runtime/containment/**/*.test.ts',
  'runtime/network/**/*.test.ts',
  'runtime/sandbox/tenants.test.ts',
  'server/terminals/flood.test.ts',
]
const all = ['{common,protocol,gateway,runtime,server,supervisor,cli,sdk,app,dev}/**/*.test.ts']

/** They take minutes, so nothing is to wait for them at the end; a clean checkout has no record of durations. */
const longest = [
  'server/access-matrix/access-matrix.test.ts',
  'runtime/cgroup/version2.test.ts',
  'supervisor/up.test.ts',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => longest.some((one) => moduleId.endsWith(one))
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

const common = {
  // A file that a test compares with and does not find is a failure here as on CI's machine; `-u` writes it.
  update: 'none' as const,
  testTimeout: 120_000,
  // What is waited for comes later on a busy machine; the default is a second.
  expect: { poll: { timeout: 20_000 } },
  hookTimeout: 240_000,
  setupFiles: 'testing/leaves-process-unchanged.ts',
  // A message names what was there whole: of a run elsewhere it is all that is seen.
  chaiConfig: { truncateThreshold: 2000 },
}

export default defineConfig({
  test: {
    ...common,
    sequence: { sequencer: LongestFirst },
    globalSetup: 'testing/end-shared-instances.ts',
    projects: [
      { test: { ...common, name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 0 } } },
      // Three at a time are not faster on two processors. Each worker has an instance of its own: testing/test-instance.ts
      {
        test: {
          ...common,
          ...{ name: 'beside', include: all, exclude: alone, maxWorkers: 2, sequence: { groupOrder: 1 } },
          // Loading every module again for each file took a quarter of all processor time; tests put back what they change.
          isolate: false,
        },
      },
    ],
  },
})
