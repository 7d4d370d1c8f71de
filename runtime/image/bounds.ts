const gib = 1024 ** 3

/** What an image may be at most: it comes from somebody whom nobody knows. */
export const bounds = {
  /** Archives that are taken in at the same time; they are unpacked one after the other. */
  archives: 16,
  /** Of the archive as it is sent. */
  archiveBytes: 64 * gib,
  /** Files in the archive, blobs among them. */
  archiveFiles: 20_000,
  /** Of one layer. */
  entries: 1_000_000,
  /** Docker's own limit is 127; what Cloche adds below and above has to fit as well. */
  layers: 120,
  /** Of manifests and configurations. */
  jsonBytes: 4 * 1024 ** 2,
  /** Indexes that name indexes. */
  depth: 4,
  /** Of /etc/passwd and /etc/group. */
  userFileBytes: 1024 ** 2,
  /** Of its environment, as that of a sandbox. */
  environmentBytes: 131_072,
  /** Directories that it calls volumes, and PATH_MAX of each. */
  volumes: 64,
  pathBytes: 4095,
} as const
