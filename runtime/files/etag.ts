import type { BigIntStats } from 'node:fs'
import { RuntimeRefusal } from '../errors.js'

/** Conditions of a write, as the headers of the same names say them. */
export interface WriteCondition {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
}

/**
 * The strong entity tag of a regular file, undefined of anything else. Programs inside set the time of the last change
 * (`mtime`), but nobody in a sandbox sets the one that the kernel keeps (`ctime`).
 * @see RFC 9110, 8.8.3
 * @see https://docs.kernel.org/filesystems/multigrain-ts.html
 */
export function etagOf(stat: BigIntStats | undefined): string | undefined {
  if (!stat?.isFile()) return undefined
  const { ino, size, mtimeNs, ctimeNs } = stat
  return `"${[ino, size, mtimeNs, ctimeNs].map((part) => part.toString(36)).join('.')}"`
}

/** Whether a list of tags, or `*`, has this one. @param weakly also as `W/"…"`, which proxies that compress write */
export function hasEtag(list: string, etag: string, weakly = false): boolean {
  if (list.trim() === '*') return true
  const tags = [...list.matchAll(/(?:W\/)?"[^"]*"/g)].map(([tag]) => tag)
  return tags.some((tag) => tag === etag || (weakly && tag === `W/${etag}`))
}

/** @throws RuntimeRefusal `precondition_failed` */
export function assertHolds(path: string, condition: WriteCondition, now: BigIntStats | undefined): void {
  const { ifMatch, ifNoneMatch } = condition
  const etag = etagOf(now)
  if (ifMatch !== undefined && (etag === undefined || !hasEtag(ifMatch, etag))) {
    throw failed(now === undefined ? `${path} does not exist any more` : `${path} was changed meanwhile`)
  }
  if (ifNoneMatch === undefined || now === undefined) return
  if (ifNoneMatch.trim() === '*') throw existsAlready(path)
  if (etag !== undefined && hasEtag(ifNoneMatch, etag, true)) throw failed(`${path} is that one already`)
}

export const existsAlready = (path: string) => failed(`${path} exists already`)

const failed = (what: string) =>
  new RuntimeRefusal(
    'precondition_failed',
    `${what}; nothing was changed: read it again before you change it`,
  )
