'use client'

import { Box, Plus, Search } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { type Step, useSandboxActions } from '../../components/sandbox/actions'
import { ChangeDialog } from '../../components/sandbox/change-dialog'
import { CreateDialog } from '../../components/sandbox/create-dialog'
import { deleteQuestion, stepQuestion } from '../../components/sandbox/questions'
import { Row, RowHead } from '../../components/sandbox/row'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel } from '../../components/ui/panel'
import { SearchField } from '../../components/ui/search-field'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { Unreachable } from '../../lib/api'
import { count } from '../../lib/format'
import type { Sandbox } from '../../lib/protocol'
import { useSandboxes } from '../../lib/sandboxes'
import { useExplain } from '../../lib/use-explain'
import { useDashboardKeys } from './use-keys'

export function Dashboard() {
  const explain = useExplain()
  const { sandboxes, error, retry, loadMore } = useSandboxes()
  const actions = useSandboxActions()
  const [filter, setFilter] = useState('')
  const [creating, setCreating] = useState(false)
  const [changing, setChanging] = useState<Sandbox | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const keys = useDashboardKeys(useCallback(() => setCreating(true), []))
  const shown = useMemo(() => {
    const wanted = filter.trim().toLowerCase()
    return (sandboxes ?? none).filter(({ name, id, template, state }) =>
      `${name} ${id} ${template} ${state}`.toLowerCase().includes(wanted),
    )
  }, [sandboxes, filter])
  const take = (sandbox: Sandbox, step: Step) => {
    const asked = stepQuestion(sandbox, step, () => actions.perform(sandbox, step))
    if (asked) setQuestion(asked)
    else void actions.take(sandbox, step)
  }
  const running = sandboxes?.filter(({ state }) => state === 'running').length ?? 0

  return (
    <>
      <PageHead
        title="Sandboxes"
        action={
          // Where there is none yet, the list's own place has it.
          sandboxes?.length !== 0 && (
            <Button look="primary" onClick={() => setCreating(true)} aria-keyshortcuts="c">
              <Plus aria-hidden />
              New sandbox
            </Button>
          )
        }
      >
        {sandboxes && sandboxes.length > 0
          ? `${count(sandboxes.length, 'sandbox', 'sandboxes')}, ${running} running`
          : 'Isolated Linux environments, each with its own disk'}
      </PageHead>
      {/* That there is no answer at all is the banner's to tell. */}
      {error && sandboxes && !(error instanceof Unreachable) && (
        <div className="mb-3">
          <Notice tone="warn">{explain(error)}</Notice>
        </div>
      )}
      <Panel>
        {sandboxes && sandboxes.length > 3 && (
          <div className="border-line border-b p-2">
            <SearchField
              label="Filter by name, template or state"
              placeholder="Filter by name, template or state"
              value={filter}
              onChange={(event) => setFilter(event.currentTarget.value)}
              ref={keys.filter}
              aria-keyshortcuts="/"
            />
          </div>
        )}
        {!sandboxes && error && <Failed error={error} retry={retry} />}
        {!sandboxes && !error && <SkeletonRows rows={5} />}
        {sandboxes?.length === 0 && (
          <Empty
            icon={Box}
            title="No sandboxes yet"
            action={
              <Button look="primary" onClick={() => setCreating(true)} aria-keyshortcuts="c">
                <Plus aria-hidden />
                New sandbox
              </Button>
            }
          >
            A sandbox is a Linux environment with a shell, root access and a persistent disk. Ready in
            seconds.
          </Empty>
        )}
        {sandboxes && sandboxes.length > 0 && shown.length === 0 && (
          <Empty
            icon={Search}
            title="No matching sandboxes"
            action={<Button onClick={() => setFilter('')}>Clear filter</Button>}
          />
        )}
        {shown.length > 0 && (
          <>
            <RowHead />
            <ul ref={keys.list} aria-label="Sandboxes" className="divide-y divide-line">
              {shown.map((sandbox) => (
                <Row
                  key={sandbox.id}
                  sandbox={sandbox}
                  onStep={(step) => take(sandbox, step)}
                  onChange={() => setChanging(sandbox)}
                  onDelete={() => setQuestion(deleteQuestion(sandbox, () => actions.remove(sandbox)))}
                />
              ))}
            </ul>
          </>
        )}
        {loadMore && (
          <div className="border-line border-t p-2 text-center">
            <Button look="quiet" onClick={loadMore}>
              Show more
            </Button>
          </div>
        )}
      </Panel>
      <CreateDialog open={creating} onOpenChange={setCreating} />
      <ChangeDialog sandbox={changing} onClose={() => setChanging(null)} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}

const none: readonly [] = []
