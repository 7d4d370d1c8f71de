'use client'

import { Fragment, type ReactNode } from 'react'
import { Group, Panel, Separator, useDefaultLayout } from 'react-resizable-panels'
import { cn } from '../../lib/cn'
import { paneStorage } from '../../workspace/shown-panes'

export interface Pane {
  readonly id: string
  /** Names the line between this pane and the one that stays; null for the one that stays. */
  readonly sizeLabel: string | null
  /** In pixels, or a share such as `60%`. */
  readonly defaultSize?: number | string
  readonly minSize: number
  readonly maxSize?: string
  /** It keeps its pixels when the window changes. */
  readonly fixed?: boolean
  readonly className?: string
  readonly children: ReactNode
}

/** Panes beside or above each other, those that are null away. Their sizes are remembered in this browser. */
export function Panes({
  id,
  orientation,
  panes,
}: {
  id: string
  orientation: 'horizontal' | 'vertical'
  panes: readonly (Pane | null)[]
}) {
  const shown = panes.filter((pane) => pane !== null)
  const sizes = useDefaultLayout({ id, panelIds: shown.map((pane) => pane.id), storage: paneStorage })
  const beside = orientation === 'horizontal'
  return (
    <Group
      id={id}
      orientation={orientation}
      className="min-h-0 flex-1"
      {...(sizes.defaultLayout ? { defaultLayout: sizes.defaultLayout } : {})}
      onLayoutChanged={sizes.onLayoutChanged}
    >
      {shown.map(({ id: paneId, defaultSize, minSize, maxSize, fixed, className, children }, at) => (
        <Fragment key={paneId}>
          {at > 0 && (
            <Separator
              aria-label={shown[at - 1]?.sizeLabel ?? shown[at]?.sizeLabel ?? undefined}
              className={cn(
                'bg-line outline-offset-1 transition-colors data-[separator=active]:bg-accent data-[separator=hover]:bg-accent',
                beside ? 'w-px' : 'h-px',
              )}
            />
          )}
          <Panel
            id={paneId}
            minSize={minSize}
            {...(defaultSize === undefined ? {} : { defaultSize })}
            {...(maxSize === undefined ? {} : { maxSize })}
            {...(fixed ? { groupResizeBehavior: 'preserve-pixel-size' as const } : {})}
            className={className}
          >
            {children}
          </Panel>
        </Fragment>
      ))}
    </Group>
  )
}
