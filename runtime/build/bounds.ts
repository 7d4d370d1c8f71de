const [kib, mib, gib, tib] = [1024, 1024 ** 2, 1024 ** 3, 1024 ** 4]

/** What a build may be at most: whoever sends it is a stranger. */
export const bounds = {
  dockerfileBytes: 64 * kib,
  /** The parser takes a moment for each. */
  dockerfileLines: 3000,
  heredocs: 200,
  /** Of one instruction: the parser compares each with those before. */
  flags: 32,
  stages: 64,
  /** Of those stages that the target needs. */
  steps: 200,
  /** Of all stages: each keeps its own copy of the environment. */
  stepsInAll: 1000,
  /** Of the template that comes of it, with those of the template below. */
  layers: 120,
  /** Of the context's tar once it is not compressed any more, and of its files with their holes. */
  contextBytes: 4 * gib,
  /** Of one copy. */
  entries: 300_000,
  /** What one instruction names, and what its patterns stand for: each is held open. */
  sourceWords: 64,
  sources: 4096,
  depth: 200,
  /**
   * Of one copy, with the holes of its files: the kernel shares 2 GiB at a time, and a copy cannot be ended. There are
   * sparse files of more than a TiB, such as /var/log/lastlog with large uids.
   */
  copyBytes: 2 * tib,
  ignorePatterns: 300,
  /** Of all of them: each is compared with each file. */
  ignoreBytes: 16 * kib,
  /** Of all secrets: each is looked for in the output by itself. */
  secretLines: 1000,
  /** Output of all steps together; what comes after is left out. */
  logBytes: 4 * mib,
  /** Of one expanded word. */
  wordBytes: 128 * kib,
  /** Of all expanded words of a stage. */
  expandedBytes: 4 * mib,
  /** Of a stage: its environment, labels and arguments. */
  variables: 1000,
  variableBytes: 256 * kib,
  /** Builds at the same time. */
  ofNode: 4,
  ofTenant: 2,
  /** What the steps of one tenant's builds take on this node, beside its templates. The least recently used go first. */
  cacheBytes: 20 * gib,
  /** The number of them. */
  cacheLayers: 2000,
} as const
