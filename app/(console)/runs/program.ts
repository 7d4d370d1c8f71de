/** What somebody has written for one language: its source, and what it reads. */
export interface Program {
  readonly code: string
  readonly stdin: string
}
