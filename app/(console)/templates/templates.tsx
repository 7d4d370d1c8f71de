'use client'

import { Download, Package, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { download } from '../../files/client'
import { order } from '../../lib/api'
import { bytes, oneLine } from '../../lib/format'
import { type Template, template } from '../../lib/protocol'
import { useResource } from '../../lib/resource'

const templateList = z.object({ templates: z.array(template) })

/** What sandboxes can be made from: the tenant's own templates and everybody's, each of which can be exported as an image. */
export function Templates() {
  const t = useTranslations()
  const toast = useToast()
  const { data, error, mutate } = useResource('/templates', templateList, { everyMs: 10_000 })
  const [question, setQuestion] = useState<Question | null>(null)
  const remove = ({ name }: Template) =>
    setQuestion({
      title: t('templates.askDelete', { name }),
      text: t('templates.askDeleteText'),
      action: t('templates.delete'),
      run: async () => {
        await order(`/templates/${name}`, { method: 'DELETE' })
        toast.done(t('templates.deleted', { name }))
        await mutate()
      },
    })
  return (
    <>
      <PageHead title={t('pages.templates')}>{t('templates.text')}</PageHead>
      <Panel>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
        {data?.templates.length === 0 && (
          <Empty icon={Package} title={t('templates.none')}>
            {t('templates.noneText')}
          </Empty>
        )}
        {data && data.templates.length > 0 && (
          <Table
            label={t('pages.templates')}
            head={[
              ...[t('templates.name'), t('templates.from'), t('templates.size'), t('templates.age')],
              `·${t('templates.actions')}`,
            ]}
          >
            {data.templates.map((one) => (
              <Row
                key={one.own?.id ?? one.name}
                about={one}
                onDelete={one.own === null ? undefined : () => remove(one)}
              />
            ))}
          </Table>
        )}
      </Panel>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}

function Row({ about, onDelete }: { about: Template; onDelete: (() => void) | undefined }) {
  const t = useTranslations()
  const { name, description, own } = about
  return (
    <tr>
      <td className="max-w-96">
        <p className="truncate font-medium">{name}</p>
        <p className="truncate text-muted text-xs">{oneLine(description, 200)}</p>
      </td>
      <td className="whitespace-nowrap text-muted">{t(`templates.sources.${own?.source ?? 'everyone'}`)}</td>
      <td className="tabular whitespace-nowrap">{own !== null && bytes(own.sizeBytes)}</td>
      <td className="whitespace-nowrap text-muted">{own !== null && <Age since={own.createdAt} />}</td>
      <td className="whitespace-nowrap text-right">
        <Button
          look="quiet"
          size="small"
          aria-label={t('templates.exportName', { name })}
          onClick={() => download(`/api/v1/templates/${name}/image`, `${name}.tar`)}
        >
          <Download aria-hidden />
          {t('templates.export')}
        </Button>
        {onDelete && (
          <Button
            look="quiet"
            size="iconSmall"
            onClick={onDelete}
            aria-label={t('templates.deleteName', { name })}
          >
            <Trash2 />
          </Button>
        )}
      </td>
    </tr>
  )
}
