import { useTranslations } from 'use-intl'
import { type LessonScreen, thumbnailBounds } from '../../../../lib/protocol-lessons'

/** Of a monospaced letter, in its size. */
const letterWidth = 0.61
const lineHeight = 1.2

/** What a terminal of a student shows, in letters that are as small as the card needs. */
export function Thumbnail({ screen, name }: { screen: LessonScreen | undefined; name: string }) {
  const t = useTranslations()
  return (
    <div className="@container overflow-hidden rounded border border-line bg-surface">
      <pre
        role="img"
        aria-label={t('lesson.screenOf', { name })}
        dir="ltr"
        className="overflow-hidden font-mono"
        style={{
          fontSize: `calc(100cqw / ${thumbnailBounds.columns * letterWidth})`,
          lineHeight,
          height: `${thumbnailBounds.rows * lineHeight}em`,
        }}
      >
        {screen?.lines.join('\n')}
      </pre>
    </div>
  )
}
