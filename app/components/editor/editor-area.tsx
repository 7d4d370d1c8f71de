'use client'

import dynamic from 'next/dynamic'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { OpenDocument } from '../../editor/document'
import { groupsMax } from '../../editor/groups'
import type { OpenFiles } from '../../editor/open-files'
import type { FilesClient } from '../../files/client'
import { oneLine } from '../../lib/format'
import { useCommands } from '../../palette/commands'
import { useStore } from '../../terminal/use-store'
import { focusEditor } from '../../workspace/focus-editor'
import { useHelp } from '../language-help/context'
import { Confirm, type Question } from '../ui/confirm'
import { FocusHome, FocusHomeContext, isFocusLost } from '../ui/focus-home'
import { Panes } from '../ui/panes'
import { EditorGroup } from './editor-group'
import { draggedTab, TabDrop } from './tab-drop'

const ProblemsPanel = dynamic(() => import('../language-help/problems-panel'), { ssr: false })

/** The open files, in groups beside each other. Loaded by itself when a file is first opened: CodeMirror is large. */
export default function EditorArea({
  files,
  client,
  onTerminal,
  onEmpty,
}: {
  files: OpenFiles
  client: FilesClient
  /** Shows the terminal again, where the editor covers it; null where both are shown. */
  onTerminal: (() => void) | null
  /** The last file was closed. */
  onEmpty: () => void
}) {
  const t = useTranslations()
  const { groups, focused, documents, active } = useStore(files.state)
  const panel = useStore(useHelp().panel)
  const [home] = useState(() => new FocusHome())
  const [question, setQuestion] = useState<Question | null>(null)
  const [dragging, setDragging] = useState(false)
  useEffect(() => {
    home.set(focusEditor)
    return () => home.set(null)
  }, [home])

  const finish = (document: OpenDocument, discard: boolean) => {
    files.close(document, { discard })
    requestAnimationFrame(() => {
      if (files.state.get().documents.length === 0) onEmpty()
      else if (isFocusLost()) home.focus()
    })
  }
  const close = async (document: OpenDocument) => {
    if (!document.unsaved || (await document.saveNow())) return finish(document, false)
    setQuestion({
      title: t('editor.askToDiscard', { name: oneLine(document.name) }),
      text: t('editor.discardText'),
      action: t('editor.discard'),
      run: async () => finish(document, true),
    })
  }
  const narrow = onTerminal !== null
  /** To the next group, or a new one; from the last to the first. */
  const moveOn = () => {
    if (!active || narrow) return
    const alone = groups[focused]?.documents.length === 1
    const last = focused === groups.length - 1
    files.moveTo(active, last && (alone || groups.length === groupsMax) ? 0 : focused + 1)
  }
  useCommands(narrow ? [] : [{ name: t('editor.moveOn'), keys: 'Ctrl+\\', run: moveOn }])
  // Where there is no room beside each other, all are in one.
  const shown = narrow ? [{ documents, active }] : groups
  return (
    <FocusHomeContext value={home}>
      <section
        aria-label={t('editor.editor')}
        data-own-keys
        className="flex h-full min-h-0 flex-col bg-surface"
        onKeyDownCapture={(event) => {
          const alone = !event.shiftKey && !event.altKey && event.ctrlKey !== event.metaKey
          if (!alone || event.code !== 'Backslash') return
          event.preventDefault()
          event.stopPropagation()
          moveOn()
        }}
        onDragStart={(event) => setDragging(!narrow && event.dataTransfer.types.includes(draggedTab))}
        onDragEnd={() => setDragging(false)}
      >
        <Panes
          id="editor-and-problems"
          orientation="vertical"
          panes={[
            {
              id: 'groups',
              sizeLabel: null,
              minSize: 60,
              className: 'flex flex-col',
              children: (
                <Panes
                  id={`editor-groups-${shown.length}`}
                  orientation="horizontal"
                  panes={shown.map((group, index) => ({
                    id: `group-${index}`,
                    sizeLabel: t('editor.groupWidth', { number: String(index + 1) }),
                    minSize: 120,
                    className: 'relative',
                    children: (
                      <>
                        <EditorGroup
                          {...{ files, group, index, client }}
                          count={shown.length}
                          onTerminal={onTerminal}
                          onClose={(document) => void close(document)}
                        />
                        {dragging && (
                          <TabDrop
                            {...{ files, index }}
                            splits={index === groups.length - 1 && groups.length < groupsMax}
                            onDone={() => setDragging(false)}
                          />
                        )}
                      </>
                    ),
                  }))}
                />
              ),
            },
            panel === null
              ? null
              : {
                  id: 'problems',
                  sizeLabel: t('language.panelHeight'),
                  defaultSize: '35%',
                  minSize: 60,
                  children: <ProblemsPanel panel={panel} />,
                },
          ]}
        />
        <Confirm question={question} onClose={() => setQuestion(null)} />
      </section>
    </FocusHomeContext>
  )
}
