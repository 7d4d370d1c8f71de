'use client'

import MarkdownIt from 'markdown-it'
import { useMemo } from 'react'

/** HTML in it is shown as text, and links that would run something are none. */
const renderer = new MarkdownIt({ html: false, linkify: true })
const openLink = renderer.renderer.rules.link_open
renderer.renderer.rules.link_open = (tokens, index, options, env, self) => {
  const token = tokens[index]
  token?.attrSet('target', '_blank')
  token?.attrSet('rel', 'noopener noreferrer')
  return openLink?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options)
}

export function Markdown({ text }: { text: string }) {
  const html = useMemo(() => renderer.render(text), [text])
  // biome-ignore lint/security/noDangerouslySetInnerHtml: what markdown-it makes without `html` is safe
  return <div className="prose" dangerouslySetInnerHTML={{ __html: html }} />
}
