import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../lib/protocol.js'
import { actionChoices, type Existing, sentenceOf, sentences } from './sentence.js'

const nothing: Existing = { keys: new Set(), invitations: new Set() }

function event(given: Partial<AuditEvent>): AuditEvent {
  return {
    ...{ id: '1', at: '2026-11-28T08:00:00.000Z', actor: 'ann@example.org', action: 'sandbox.delete' },
    ...{ target: 'sb_1', targetName: 'web', targetExists: false, detail: {} },
    ...given,
  }
}

const words = (given: Partial<AuditEvent>, existing = nothing) =>
  sentenceOf(event(given), existing)
    .map((part) => (typeof part === 'string' ? part : `*${part.name}*`))
    .join('')

describe('the sentence of an audit event', () => {
  it('names a sandbox, and links to it while it exists', () => {
    expect(words({})).toBe('deleted the sandbox *web*')
    expect(sentenceOf(event({ action: 'sandbox.stop', targetExists: true }), nothing)[1]).toEqual({
      name: 'web',
      href: '/sandboxes/sb_1',
    })
    expect(sentenceOf(event({}), nothing)[1]).toEqual({ name: 'web', href: null })
  })

  it('links to a key and an invitation only while they exist', () => {
    const created = event({ action: 'key.create', target: 'ky_1', targetName: null, detail: { name: 'ci' } })
    expect(sentenceOf(created, nothing)[1]).toEqual({ name: 'ci', href: null })
    expect(sentenceOf(created, { ...nothing, keys: new Set(['ky_1']) })[1]).toEqual({
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
    const offered = actionChoices.flatMap(({ actions }) => actions)
    for (const action of written) {
      expect(Object.keys(sentences)).toContain(action)
      expect(offered).toContain(action)
    }
  })
})
