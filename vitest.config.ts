import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes minutes, so that nothing waits for it at the end; a clean checkout has no record of durations. */
const longest = ['runtime/containment/containment.test.ts', 'server/access-matrix/access-matrix.test.ts']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => longest.some((path) => moduleId.endsWith(path))
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    include: ['{common,protocol,runtime,server,supervisor,cli,sdk,app,dev}/**/*.test.ts'],
    // Most tests wait for something most of their time. Each worker has an instance of its own: testing/test-instance.ts
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // A file that a test compares with and does not find is a failure here as on CI's machine; `-u` writes it.
    update: 'none',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
