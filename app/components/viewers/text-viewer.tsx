'use client'

import type { OpenDocument } from '../../editor/document'
import { useStore } from '../../terminal/use-store'
import type { ViewerKind } from '../../viewers/kind'
import { Markdown } from './markdown'
import { Notebook } from './notebook'
import { Table } from './table'

/** The text of a document, drawn as what it means. */
export default function TextViewer({ document, kind }: { document: OpenDocument; kind: ViewerKind }) {
  useStore(document.replaced) // there may be another text
  const { text, name } = document
  if (kind === 'table') return <Table text={text} name={name} />
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      {kind === 'notebook' ? (
        <Notebook text={text} />
      ) : (
        <div className="mx-auto max-w-3xl p-5">
          <Markdown text={text} />
        </div>
      )}
    </div>
  )
}
