import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTranslator } from 'use-intl/core'
import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../lib/protocol-audit.js'
import { formatOf } from '../../lib/use-format.js'
import { en } from '../../messages/en/index.js'
import type { Translate } from '../../messages/texts.js'
import { zh } from '../../messages/zh/index.js'
import { actionChoices, isAction } from './actions.js'
import type { Existing } from './names.js'
import { sentenceOf } from './sentence.js'

const nothing: Existing = { keys: new Set(), invitations: new Set() }

const english = createTranslator({ locale: 'en', messages: en })
const chinese = createTranslator({ locale: 'zh-CN', messages: zh as typeof en })
const partsOf = (given: AuditEvent, existing = nothing, t: Translate = english) =>
  sentenceOf(given, existing, t, formatOf('en', t))

function event(given: Partial<AuditEvent>): AuditEvent {
  return {
    ...{ id: '1', at: '2026-11-28T08:00:00.000Z', actor: 'ann@example.org', action: 'sandbox.delete' },
    ...{ target: 'sb_1', targetName: 'web', targetExists: false, detail: {} },
    ...given,
  }
}

const words = (given: Partial<AuditEvent>, t = english) =>
  partsOf(event(given), nothing, t)
    .map((part) => (typeof part === 'string' ? part : `*${part.name}*`))
    .join('')

describe('the sentence of an audit event', () => {
  it('names a sandbox, and links to it while it exists', () => {
    expect(words({})).toBe('deleted the sandbox *web*')
    expect(partsOf(event({ action: 'sandbox.stop', targetExists: true }))[1]).toEqual({
      name: 'web',
      href: '/sandboxes/sb_1',
    })
    expect(partsOf(event({}))[1]).toEqual({ name: 'web', href: null })
  })

  it('links to a key and an invitation only while they exist', () => {
    const created = event({ action: 'key.create', target: 'ky_1', targetName: null, detail: { name: 'ci' } })
    expect(partsOf(created)[1]).toEqual({ name: 'ci', href: null })
    expect(partsOf(created, { ...nothing, keys: new Set(['ky_1']) })[1]).toEqual({
      name: 'ci',
      href: '/keys',
    })
  })

  it.each([
    [
      { action: 'file.move', detail: { from: '/a', to: '/b' } },
      'moved the file */a* to */b* in the sandbox *web*',
    ],
    [
      { action: 'image.push', detail: { repository: 'team/app', reference: '1.0' } },
      'pushed the image *team/app:1.0*',
    ],
    [
      { action: 'image.delete', detail: { repository: 'app', reference: 'sha256:0f' } },
      'deleted *app@sha256:0f* from the registry',
    ],
    [
      { action: 'file.chmod', detail: { path: 'run.sh', mode: '755' } },
      'set the permissions of *run.sh* to 755 in the sandbox *web*',
    ],
    [
      { action: 'sandbox.update', detail: { changed: ['name', 'limits'] } },
      'changed name, limits of the sandbox *web*',
    ],
    [
      { action: 'member.change', targetName: 'eve@example.org', detail: { role: 'admin' } },
      'made *eve@example.org* admin',
    ],
    [
      {
        action: 'member.remove',
        targetName: null,
        detail: { email: 'eve@example.org', keysRevoked: ['ky_1'] },
      },
      'removed the member *eve@example.org* and revoked 1 API key',
    ],
    [{ action: 'member.remove', detail: { email: 'ann@example.org' } }, 'left the tenant'],
    [
      { action: 'tenant.quota', detail: { sandboxes: 7, cpus: 2, memoryMiB: 2048, diskMiB: 512, pids: 9 } },
      'set the quota of this tenant to 7 sandboxes, 2 CPUs, 2 GiB memory, 512 MiB disk, 9 processes',
    ],
    [{ action: 'something.new' }, 'did something.new'],
  ])('%j', (given, sentence) => {
    expect(words(given)).toBe(sentence)
  })

  it('has the order of words of its language', () => {
    const moved = { action: 'file.move', detail: { from: '/a', to: '/b' } }
    expect(words(moved, chinese)).toBe('在沙箱 *web* 中将文件 */a* 移动到 */b*')
    expect(partsOf(event({ targetExists: true }), nothing, chinese)).toEqual([
      '删除了沙箱 ',
      { name: 'web', href: '/sandboxes/sb_1' },
    ])
  })

  it('takes no control characters and no direction marks from a name', () => {
    expect(words({ targetName: 'a\u202eb\nc' })).toBe('deleted the sandbox *a b c*')
  })

  it('exists for every action that the server writes, and the filter offers it', () => {
    const written = new Set<string>()
    for (const path of readdirSync('server', { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue
      const text = readFileSync(join('server', path), 'utf8')
      // Those of a node are in no tenant's log.
      for (const [call] of text.matchAll(/\b(audit|auditAccount)\([\s\S]{0,200}?\n|action: '[a-z_.]+'/g)) {
        for (const [, action] of call.matchAll(/'([a-z]+\.[a-z_]+)'/g)) if (action) written.add(action)
      }
    }
    expect(written.size).toBeGreaterThan(12)
    const offered = actionChoices.flatMap(({ actions }) => actions.map(({ action }) => action))
    for (const action of written) {
      expect([action, isAction(action)]).toEqual([action, true])
      expect(offered).toContain(action)
    }
  })
})
