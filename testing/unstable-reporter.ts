import type { Reporter, TestModule } from 'vitest/node'

/** Lists at the end which tests passed only when they were tried again: each is a fault of the test or of what it tests. */
export default class UnstableReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const unstable = modules.flatMap((module) =>
      [...module.children.allTests('passed')]
        .filter((test) => test.diagnostic()?.flaky)
        .map((test) => `  ${module.relativeModuleId} > ${test.fullName}`),
    )
    if (unstable.length === 0) return
    process.stdout.write(`\nPassed only when tried again, to be mended:\n${unstable.join('\n')}\n`)
  }
}
