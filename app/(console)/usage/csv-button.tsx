'use client'

import { Download } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/ui/button'
import { useToast } from '../../components/ui/toast'
import { download } from '../../lib/api'

/** The same figures for a spreadsheet or a bill. */
export function CsvButton({ path }: { path: string }) {
  const toast = useToast()
  const [busy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    try {
      const url = URL.createObjectURL(await download(path, 'text/csv'))
      const link = document.createElement('a')
      link.href = url
      link.download = 'cloche-usage.csv'
      link.click()
      // The browser reads it after this turn; a minute is ample.
      setTimeout(() => URL.revokeObjectURL(url), 60_000)
    } catch (error) {
      toast.failed(error)
    }
    setBusy(false)
  }
  return (
    <Button look="quiet" size="small" busy={busy} onClick={save}>
      <Download aria-hidden />
      CSV
    </Button>
  )
}
