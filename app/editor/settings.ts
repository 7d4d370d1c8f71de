import { Store } from '../terminal/store'

/** What a project says of how its files are edited. */
export interface EditorSettings {
  readonly tabSize?: number
  readonly insertSpaces?: boolean
  readonly wordWrap?: boolean
}

/** Those of the project that is shown. */
export const editorSettings = new Store<EditorSettings>({})

export const applySettings = (settings: EditorSettings): void => editorSettings.set(settings)
