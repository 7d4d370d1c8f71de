'use client'

import dynamic from 'next/dynamic'

// Each is loaded when it is first shown: first use needs little of them.

export const TerminalArea = dynamic(() => import('../../../components/terminal/terminal-area'), {
  ssr: false,
  loading: () => <div className="min-h-0 flex-1 bg-surface" />,
})

export const FilesPane = dynamic(() => import('../../../components/files/files-pane'), {
  ssr: false,
  loading: () => <div className="h-full bg-ground" />,
})

export const EditorArea = dynamic(() => import('../../../components/editor/editor-area'), {
  ssr: false,
  loading: () => <div className="h-full bg-surface" />,
})

export const SourceControlPane = dynamic(() => import('../../../components/git/source-control-pane'), {
  ssr: false,
  loading: () => <div className="h-full bg-ground" />,
})

export const DiffView = dynamic(() => import('../../../components/git/diff-view'), {
  ssr: false,
  loading: () => <div className="h-full bg-surface" />,
})

export const PreviewPane = dynamic(() => import('../../../components/preview/preview-pane'), {
  ssr: false,
  loading: () => <div className="h-full bg-ground" />,
})

export const AssignmentPane = dynamic(() => import('../../../components/assignments/assignment-pane'), {
  ssr: false,
  loading: () => <div className="h-full bg-surface" />,
})

export const LessonBanner = dynamic(() => import('../../../components/lessons/lesson-banner'), { ssr: false })

export const StartPane = dynamic(() => import('../../../components/start/start-pane'), { ssr: false })

export const Palette = dynamic(() => import('../../../components/palette/palette'), { ssr: false })

export const SearchDialog = dynamic(() => import('../../../components/files/search-dialog'), { ssr: false })
