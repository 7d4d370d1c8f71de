'use client'

import { ArrowDown, ArrowUp, ChevronDown, GitBranch, Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Seen } from '../../git/source-control'
import { oneLine } from '../../lib/format'
import { Button } from '../ui/button'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'
import { Field } from '../ui/field'
import { Menu, MenuChoice, MenuItem, MenuLine } from '../ui/menu'

/** The branch that is checked out, others to switch to, and what goes to and comes from the other end. */
export function BranchBar({
  seen: { status, branches, hasRemote, busy },
  onSwitch,
  onPull,
  onPush,
}: {
  seen: Seen
  onSwitch: (branch: string, create: boolean) => void
  onPull: () => void
  onPush: () => void
}) {
  const t = useTranslations()
  const [naming, setNaming] = useState(false)
  if (!status) return null
  const { branch, commit, upstream, ahead, behind } = status
  const name = branch ?? t('git.detached', { commit: commit ?? '' })
  const known = branch !== null && !branches.includes(branch) ? [branch, ...branches] : branches
  return (
    <div className="flex items-center gap-1 px-2 py-1.5">
      <Menu
        align="start"
        trigger={
          <Button
            look="quiet"
            size="small"
            className="min-w-0 shrink"
            aria-label={t('git.branchMenu', { name })}
            busy={busy}
          >
            <GitBranch aria-hidden />
            <span className="truncate">{oneLine(name)}</span>
            <ChevronDown aria-hidden />
          </Button>
        }
      >
        <MenuChoice
          label={t('git.switchTo')}
          value={branch ?? ''}
          options={known.slice(0, 50).map((one) => ({ value: one, name: oneLine(one) }))}
          onChange={(chosen) => chosen !== branch && onSwitch(chosen, false)}
        />
        <MenuLine />
        <MenuItem onSelect={() => setNaming(true)}>
          <Plus aria-hidden />
          {t('git.newBranch')}
        </MenuItem>
      </Menu>
      <span className="flex-1" />
      {hasRemote && (
        <>
          {upstream !== null && (
            <Button
              look="quiet"
              size="small"
              disabled={busy}
              aria-label={t('git.pullCount', { count: behind })}
              onClick={onPull}
            >
              <ArrowDown aria-hidden />
              {t('git.pull')}
              {behind > 0 && <span className="tabular">{behind}</span>}
            </Button>
          )}
          <Button
            look="quiet"
            size="small"
            disabled={busy}
            aria-label={t('git.pushCount', { count: ahead })}
            onClick={onPush}
          >
            <ArrowUp aria-hidden />
            {t('git.push')}
            {ahead > 0 && <span className="tabular">{ahead}</span>}
          </Button>
        </>
      )}
      <NewBranch
        open={naming}
        onClose={() => setNaming(false)}
        onName={(chosen) => {
          setNaming(false)
          onSwitch(chosen, true)
        }}
      />
    </div>
  )
}

function NewBranch({
  open,
  onClose,
  onName,
}: {
  open: boolean
  onClose: () => void
  onName: (name: string) => void
}) {
  const t = useTranslations()
  return (
    <Dialog open={open} onOpenChange={(is) => !is && onClose()} title={t('git.newBranch')}>
      <form
        className="contents"
        onSubmit={(event) => {
          event.preventDefault()
          const name = String(new FormData(event.currentTarget).get('branch')).trim()
          if (name !== '') onName(name)
        }}
      >
        <DialogBody>
          <Field
            label={t('git.branchName')}
            name="branch"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            required
          />
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit">
            {t('git.createBranch')}
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  )
}
