'use client'

import {
  ArrowLeft,
  Camera,
  Ellipsis,
  GitBranch,
  GitFork,
  PanelLeft,
  Play,
  SlidersHorizontal,
  Trash2,
  UserPlus,
} from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { type Step, stepsOf, useSandboxActions } from '../../../components/sandbox/actions'
import { HardenedBadge } from '../../../components/sandbox/hardened'
import { NetworkRate, useReadings } from '../../../components/sandbox/meters'
import { PortsMenu } from '../../../components/sandbox/ports-menu'
import { deleteQuestion, stepQuestion } from '../../../components/sandbox/questions'
import { StateBadge } from '../../../components/sandbox/state'
import { AccessSign } from '../../../components/shares/access-sign'
import { People } from '../../../components/together/people'
import { Button } from '../../../components/ui/button'
import { Confirm, type Question } from '../../../components/ui/confirm'
import { useFocusHome } from '../../../components/ui/focus-home'
import { Menu, MenuItem, MenuLine } from '../../../components/ui/menu'
import { Meter } from '../../../components/ui/meter'
import { Tip } from '../../../components/ui/tip'
import { useToast } from '../../../components/ui/toast'
import type { Devcontainer } from '../../../devcontainer/parse'
import { oneLine } from '../../../lib/format'
import type { Sandbox, sandboxWithUsage } from '../../../lib/protocol'
import { useMay } from '../../../lib/session'
import { useWanted } from '../../../lib/use-wanted'
import { useCommands } from '../../../palette/commands'
import { useSnapshotActions } from '../../../snapshots/actions'
import type { Store } from '../../../terminal/store'
import { useStore } from '../../../terminal/use-store'
import type { PreviewStore } from '../../../workspace/preview'
import type { Programs } from '../../../workspace/programs'
import type { LayoutStore } from '../../../workspace/shown-panes'

const ChangeDialog = dynamic(() =>
  import('../../../components/sandbox/change-dialog').then((module) => module.ChangeDialog),
)

const SnapshotsDialog = dynamic(() =>
  import('../../../components/snapshots/snapshots-dialog').then((module) => module.SnapshotsDialog),
)

const ShareDialog = dynamic(() =>
  import('../../../components/shares/share-dialog').then((module) => module.ShareDialog),
)

const AssignmentToggle = dynamic(() =>
  import('./assignment-toggle').then((module) => module.AssignmentToggle),
)

const noPorts: readonly [] = []

type Shown = z.infer<typeof sandboxWithUsage>

/** What the workspace is of: name, state, meters, and what can be done. */
export function WorkspaceBar({
  sandbox,
  layout,
  preview,
  programs,
  container,
}: {
  sandbox: Shown
  layout: LayoutStore
  preview: PreviewStore
  programs: Programs
  container: Store<Devcontainer | null>
}) {
  const t = useTranslations()
  const { side } = useStore(layout)
  const forwarded = useStore(container)?.ports ?? noPorts
  const readings = useReadings(sandbox)
  const actions = useSandboxActions()
  const router = useRouter()
  const home = useFocusHome()
  const [changing, setChanging] = useState<Sandbox | null>(null)
  const wanted = useWanted({ change: changing !== null })
  const [snapshotting, setSnapshotting] = useState(false)
  const [sharing, setSharing] = useState(false)
  const full = sandbox.access === 'full'
  const shares = useMay('member') && full
  const runs = sandbox.state === 'running' && sandbox.access !== 'look'
  const steps = full ? stepsOf[sandbox.state] : []
  const snapshots = useSnapshotActions()
  const toast = useToast()
  const fork = () => void snapshots.fork(sandbox).catch(toast.failed)
  const [question, setQuestion] = useState<Question | null>(null)
  const take = (step: Step) => {
    const asked = stepQuestion(sandbox, step, () => actions.perform(sandbox, step), t)
    if (asked) setQuestion(asked)
    else void actions.take(sandbox, step)
  }
  const remove = async () => {
    await actions.remove(sandbox)
    router.push('/sandboxes')
  }
  const sides = [
    {
      of: 'files',
      icon: PanelLeft,
      name: t('workspace.files'),
      show: t('workspace.showFiles'),
      hide: t('workspace.hideFiles'),
      keys: 'Ctrl+Shift+B',
    },
    {
      of: 'git',
      icon: GitBranch,
      name: t('git.title'),
      show: t('git.show'),
      hide: t('git.hide'),
      keys: 'Ctrl+Shift+G',
    },
  ] as const
  const shownSides = sides.filter(({ of }) => of === 'files' || sandbox.access !== 'look')
  useCommands([
    ...steps.map((step) => ({
      name: t(`sandbox.steps.${step.verb}`),
      run: () => take(step),
    })),
    ...(full
      ? [
          { name: t('palette.editSandbox'), run: () => setChanging(sandbox) },
          ...(shares ? [{ name: t('shares.share'), run: () => setSharing(true) }] : []),
          { name: t('snapshots.title'), run: () => setSnapshotting(true) },
          { name: t('snapshots.fork'), run: fork },
        ]
      : []),
    { name: t('palette.allSandboxes'), run: () => router.push('/sandboxes') },
  ])
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-line border-b bg-ground pr-2 pl-1.5 sm:gap-3">
      <Tip text={t('workspace.all')}>
        <Button asChild look="quiet" size="icon">
          <Link href="/sandboxes" aria-label={t('workspace.all')}>
            <ArrowLeft />
          </Link>
        </Button>
      </Tip>
      {shownSides.map(({ of, icon: Icon, name, show, hide, keys }) => (
        <Tip key={of} text={side === of ? hide : show} keys={keys}>
          <Button
            look="quiet"
            size="icon"
            aria-label={name}
            aria-pressed={side === of}
            className="aria-pressed:bg-hover aria-pressed:text-ink"
            onClick={() => {
              layout.showSide(side === of ? null : of)
              if (side === of) home.focus()
            }}
          >
            <Icon />
          </Button>
        </Tip>
      ))}
      {sandbox.assignment !== null && <AssignmentToggle layout={layout} id={sandbox.assignment} />}
      <span className="min-w-0 truncate font-semibold">{oneLine(sandbox.name)}</span>
      <StateBadge of={sandbox} live />
      <span className="hidden text-muted text-xs md:inline">{sandbox.template}</span>
      {sandbox.isolation === 'hardened' && <HardenedBadge />}
      <AccessSign access={sandbox.access} />
      <People />
      <div className="flex-1" />
      <section aria-label={t('workspace.meters')} className="hidden items-center gap-5 lg:flex">
        {readings.map(({ label, share, short, long }) => (
          <div key={label} title={`${label}: ${long}`} className="w-26">
            <Meter label={label} share={share} text={short} showLabel />
          </div>
        ))}
        <div className="w-26">
          <NetworkRate rates={sandbox.usage?.rates} off={sandbox.network === 'none'} />
        </div>
      </section>
      {runs && (
        <Tip text={t('workspace.run')} keys="Ctrl+F5">
          <Button
            look="quiet"
            size="icon"
            aria-label={t('workspace.run')}
            className="hidden sm:inline-flex"
            onClick={() => programs.runProject()}
          >
            <Play />
          </Button>
        </Tip>
      )}
      {sandbox.access !== 'look' && (
        <PortsMenu
          sandbox={sandbox}
          forwarded={forwarded}
          onPreview={(port) => {
            layout.uncover()
            preview.show({ port })
          }}
        />
      )}
      <div className="hidden items-center gap-3 sm:flex">
        {steps.map((step) => (
          <Button
            key={step.verb}
            size="small"
            look={step.destructive ? 'danger' : 'plain'}
            onClick={() => {
              take(step)
              // The button may be gone with the state that it was for.
              if (!step.destructive) home.focus()
            }}
          >
            <step.icon aria-hidden />
            {t(`sandbox.steps.${step.verb}`)}
          </Button>
        ))}
      </div>
      {shares && (
        <Tip text={t('shares.share')}>
          <Button look="quiet" size="icon" aria-label={t('shares.share')} onClick={() => setSharing(true)}>
            <UserPlus />
          </Button>
        </Tip>
      )}
      <Menu
        trigger={
          <Button look="quiet" size="icon" aria-label={t('workspace.moreActions')}>
            <Ellipsis />
          </Button>
        }
      >
        <dl className="tabular grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 px-2 py-1.5 text-xs lg:hidden">
          {readings.map(({ label, long }) => (
            <div key={label} className="contents">
              <dt className="text-muted">{label}</dt>
              <dd>{long}</dd>
            </div>
          ))}
          <dt className="text-muted">{t('sandbox.network')}</dt>
          <dd>
            <NetworkRate rates={sandbox.usage?.rates} off={sandbox.network === 'none'} />
          </dd>
        </dl>
        <div className="sm:hidden">
          <MenuLine />
          {steps.map((step) => (
            <MenuItem key={step.verb} danger={step.destructive} onSelect={() => take(step)}>
              <step.icon aria-hidden />
              {t(`sandbox.steps.${step.verb}`)}
            </MenuItem>
          ))}
        </div>
        {runs && (
          <MenuItem onSelect={() => programs.runProject()}>
            <Play aria-hidden />
            {t('workspace.run')}
          </MenuItem>
        )}
        {full && (
          <>
            {shares && (
              <MenuItem onSelect={() => setSharing(true)}>
                <UserPlus aria-hidden />
                {t('shares.share')}
              </MenuItem>
            )}
            <MenuItem onSelect={() => setChanging(sandbox)}>
              <SlidersHorizontal aria-hidden />
              {t('sandbox.edit')}
            </MenuItem>
            <MenuItem onSelect={() => setSnapshotting(true)}>
              <Camera aria-hidden />
              {t('snapshots.title')}
            </MenuItem>
            <MenuItem onSelect={fork}>
              <GitFork aria-hidden />
              {t('snapshots.fork')}
            </MenuItem>
            <MenuLine />
            <MenuItem danger onSelect={() => setQuestion(deleteQuestion(sandbox, remove, t))}>
              <Trash2 aria-hidden />
              {t('sandbox.delete')}
            </MenuItem>
          </>
        )}
      </Menu>
      {wanted.change && <ChangeDialog sandbox={changing} onClose={() => setChanging(null)} />}
      {sharing && <ShareDialog sandbox={sandbox} onClose={() => setSharing(false)} />}
      {snapshotting && <SnapshotsDialog sandbox={sandbox} onClose={() => setSnapshotting(false)} />}
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </header>
  )
}
