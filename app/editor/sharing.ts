/** A text that several windows edit, as the document in one of them sees it. Texts have the line breaks of the file. */
export interface Sharing {
  /** It is this window that saves by itself, and looks at the disk. */
  readonly writes: boolean
  /** Others cannot be told now, so that nothing is saved. */
  readonly paused: boolean
  /** Others are told before the disk has it: whoever finds it there knows whose it is. */
  saving(text: string): void
  saved(text: string, version: string): void
  /** Whether one of the windows saved this. Waits a moment for who saved it to say so. */
  isOurs(text: string): Promise<boolean>
  /** Puts into the text of all what something else did to the file. @returns false when a person must choose */
  merge(base: string, disk: string): boolean
}
