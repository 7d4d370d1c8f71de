import type { Base } from '../editor/document'
import type { Present, SocketAck, TextFrame } from '../lib/protocol'
import type { Change } from './changes'
import type { Place } from './places'

/** The text in this window, with `\n` between lines. */
export interface Page {
  readonly mayType: boolean
  text(): string
  base(): Base | null
  /** Shows what others did. */
  apply(changes: readonly Change[]): void
  /** Does something as a person would: `SharedFile.change` is told of it. */
  edit(changes: readonly Change[]): void
  savedElsewhere(base: Base): void
  checkDisk(): void
  /** Others have everything. */
  handOver(): void
  cursors(all: readonly OtherCursor[]): void
  /** The text is this window's alone from now on. */
  ended(): void
}

export interface OtherCursor extends Place {
  readonly person: Present
}

/** The way to other windows. */
export interface Channel {
  readonly own: string | null
  readonly up: boolean
  readonly hidden: boolean
  readonly people: readonly Present[]
  tell(frame: TextFrame): Promise<SocketAck<{ reached: number }>>
}
