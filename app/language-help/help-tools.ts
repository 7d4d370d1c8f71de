import type { Extension } from '@codemirror/state'
import type { OpenDocument, Place } from '../editor/document'
import type { OpenFiles } from '../editor/open-files'
import type { Translate } from '../messages/texts'
import type { Store } from '../terminal/store'
import type { Location } from './messages'
import type { Problems } from './problems'
import type { Server } from './server'

/** What code outside of React says something with. */
export interface Words {
  readonly t: Translate
  readonly done: (text: string) => void
  readonly failed: (error: unknown) => void
}

/** Who helps with a document. */
export type HelpOf =
  /** Nobody is known for its language, or the sandbox does not run. */
  | { readonly kind: 'none' }
  /** No server for its language is installed. */
  | { readonly kind: 'absent'; readonly languageId: string; readonly install: string | null }
  | { readonly kind: 'server'; readonly server: Server; readonly extension: Extension }

/** Where something is used, as it is listed. */
export interface References {
  readonly name: string
  readonly places: readonly (Location & { readonly text: string })[]
}

/** A change that a server offers for a place. */
export interface Fix {
  readonly title: string
  /** What the server would choose. */
  readonly preferred: boolean
  readonly choose: () => void
}

/** What can be done about a line. */
export interface Fixes {
  readonly line: number
  readonly fixes: readonly Fix[]
}

export type Panel = 'problems' | 'references' | 'fixes'

/** What the actions of an editor need of the language help that they belong to. */
export interface HelpTools {
  readonly sandboxId: string
  readonly open: OpenFiles
  /** What is listed below the text. */
  readonly panel: Store<Panel | null>
  readonly references: Store<References | null>
  readonly fixes: Store<Fixes | null>
  readonly words: Words | null
  readonly problems: Problems
  /** Who helps with a document. */
  of(document: OpenDocument | null): HelpOf
  /** Puts a place of a file before the person. */
  show(path: string, place: Place): void
}
