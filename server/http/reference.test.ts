import { describe, expect, it } from 'vitest'
import { openApiOfServer } from '../../testing/openapi.js'
import { renderReference } from './reference.js'

describe('docs/reference/api.md', () => {
  it('says what the server says of itself', async () => {
    const page = renderReference(await openApiOfServer())
    await expect(page).toMatchFileSnapshot('../../docs/reference/api.md')
  })
})
