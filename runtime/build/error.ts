import { RuntimeRefusal } from '../errors.js'

/** Of a build that cannot be what it says. */
export const badBuild = (what: string, line?: number): RuntimeRefusal =>
  new RuntimeRefusal('invalid_request', line === undefined ? what : `Dockerfile line ${line}: ${what}`)

/** A build that was ended, or has ended badly, in words for whoever reads its log. */
export class BuildFailed extends Error {
  override readonly name = 'BuildFailed'

  constructor(
    readonly reason: 'failed' | 'canceled' | 'timed_out',
    message: string,
    readonly line: number | null = null,
    readonly exitCode: number | null = null,
  ) {
    super(message)
  }
}
