'use client'

import { ClipboardList } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { useFocusHome } from '../../../components/ui/focus-home'
import { Tip } from '../../../components/ui/tip'
import { useCommands } from '../../../palette/commands'
import { useStore } from '../../../terminal/use-store'
import type { LayoutStore } from '../../../workspace/shown-panes'

const ExamGuard = dynamic(
  () => import('../../../components/assignments/exam-guard').then((one) => one.ExamGuard),
  {
    ssr: false,
  },
)

/** Shows or hides what is to be done in a sandbox that was made for an assignment. */
export function AssignmentToggle({ layout, id }: { layout: LayoutStore; id: string }) {
  const t = useTranslations()
  const home = useFocusHome()
  const { assignment } = useStore(layout)
  const name = t(assignment ? 'work.hidePane' : 'work.showPane')
  const toggle = () => {
    layout.showAssignment(!assignment)
    if (assignment) home.focus()
  }
  useCommands([{ name, run: toggle }])
  return (
    <>
      <ExamGuard id={id} />
      <Tip text={name}>
        <Button
          look="quiet"
          size="icon"
          aria-label={t('work.pane')}
          aria-pressed={assignment}
          className="aria-pressed:bg-hover aria-pressed:text-ink"
          onClick={toggle}
        >
          <ClipboardList />
        </Button>
      </Tip>
    </>
  )
}
