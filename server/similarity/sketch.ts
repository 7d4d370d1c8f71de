import type { Grain } from './fingerprints.js'
import type { Tokens } from './tokens.js'

/** What is needed of a file after its text is gone. */
export interface Sketch extends Tokens {
  readonly path: string
  readonly grain: Grain
  /** Not zero: the token is part of what the starter files have too. */
  readonly given: Uint8Array
  /** Where the fingerprints are, and what they are. */
  readonly places: Uint32Array
  readonly prints: Uint32Array
}
