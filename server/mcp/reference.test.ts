import { expect, it } from 'vitest'
import { renderMcp } from './reference.js'

it('docs/reference/mcp.md has every tool, resource and prompt', async () => {
  await expect(renderMcp()).toMatchFileSnapshot('../../docs/reference/mcp.md')
})
