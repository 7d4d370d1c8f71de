import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { file, image, type LayerBlob, layout, plainLayer } from '../../testing/images.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { holdLayers } from './lock.js'

describe('layers that nothing uses', () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const layer = (text: string) => plainLayer([file('text', text)])
  const imported = async (name: string, ...layers: LayerBlob[]) => {
    const answer = await cloche.call('PUT', `/templates/${name}/image`, layout([image(layers)]))
    expect(answer.text).toContain(name)
    expect(answer.status).toBe(201)
  }
  const gone = async (name: string) =>
    expect((await cloche.call('DELETE', `/templates/${name}`)).status).toBe(204)
  const collected = async (): Promise<number> =>
    JSON.parse((await cloche.call('POST', '/layers/collect')).text).removed
  const has = ({ diffId }: LayerBlob) => existsSync(join(cloche.disk, 'layers', diffId.replace(':', '-')))

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance, { env: { CLOCHE_LAYER_GRACE_SECONDS: '0' } })
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('go with their template, and those that another one has stay', async () => {
    const [own, shared] = [layer('own'), layer('shared')]
    await imported('one', shared, own)
    await imported('two', shared)
    await gone('one')
    await collected()
    expect([has(own), has(shared)]).toEqual([false, true])
    await gone('two')
    await collected()
    expect(has(shared)).toBe(false)
    expect(readdirSync(join(cloche.disk, 'layers'))).toEqual(['baselayer'])
    expect(readdirSync(join(cloche.disk, 'ingest'))).toEqual([])
  })

  it('stay while a sandbox has them, running or not, or a snapshot', async () => {
    const [old, fresh] = [layer('old'), layer('fresh')]
    await imported('app', old)
    const { id, tenantId } = await cloche.claim({ template: 'app' })
    await imported('app', fresh)
    await collected()
    expect(has(old)).toBe(true)
    await cloche.call('POST', `/sandboxes/${id}/stop`, { graceSeconds: 0 })
    await collected()
    expect((await cloche.call('POST', `/sandboxes/${id}/start`)).status).toBe(200)
    const snapshot = newId('sn')
    expect((await cloche.call('PUT', `/sandboxes/${id}/snapshots/${snapshot}`)).status).toBe(201)
    await cloche.call('DELETE', `/sandboxes/${id}`)
    await collected()
    expect(has(old)).toBe(true)
    const fork = await cloche.claim({ template: 'app', snapshot, tenantId })
    expect((await cloche.bytes(`/sandboxes/${fork.id}/files?path=/text`)).toString()).toBe('old')
    await cloche.call('DELETE', `/snapshots/${snapshot}`)
    await collected()
    expect(has(old)).toBe(true)
    await cloche.call('DELETE', `/sandboxes/${fork.id}`)
    await collected()
    expect([has(old), has(fresh)]).toEqual([false, true])
    await gone('app')
    await collected()
  })

  it('stay while something cannot be read that may use them', async () => {
    const lost = layer('lost')
    await imported('lost', lost)
    // Another version's template, a snapshot's record, a quarantined sandbox without one: each alone is enough.
    const template = join(cloche.disk, 'templates', 'broken.json')
    writeFileSync(template, '{"layers":')
    await gone('lost')
    expect(has(lost)).toBe(true)
    const snapshot = join(cloche.home, 'snapshots', 'sn_00000000000000000000.json')
    writeFileSync(snapshot, '')
    rmSync(template)
    expect([await collected(), has(lost)]).toEqual([0, true])
    const quarantined = join(cloche.home, 'quarantine', newId('qr'))
    mkdirSync(quarantined)
    rmSync(snapshot)
    expect([await collected(), has(lost)]).toEqual([0, true])
    // Of one of a later version, that it uses layers is all that must be understood.
    const box = join(cloche.home, 'boxes', 'b1999')
    mkdirSync(box)
    const record = { layers: [lost.diffId.replace(':', '-')], version: 99 }
    writeFileSync(join(box, 'record.json'), JSON.stringify(record))
    rmSync(quarantined, { recursive: true })
    await collected()
    expect(has(lost)).toBe(true)
    rmSync(box, { recursive: true })
    await collected()
    expect(has(lost)).toBe(false)
  })

  it('stay while another process makes a template of them', async () => {
    const built = layer('built')
    await imported('built', built)
    {
      using _ = await holdLayers(cloche.home)
      await gone('built')
      expect(await collected()).toBe(0)
      expect(has(built)).toBe(true)
    }
    await collected()
    expect(has(built)).toBe(false)
  })

  it('that a runtime was killed while removing, or while unpacking, go at its next start', async () => {
    const kept = layer('kept')
    await imported('kept', kept)
    const ingest = join(cloche.disk, 'ingest')
    await cloche.restart({}, () => {
      for (const name of ['unused-sha256-x', 'import-abc']) {
        mkdirSync(join(ingest, name, 'deep'), { recursive: true })
        writeFileSync(join(ingest, name, 'deep', 'file'), 'half')
      }
    })
    await expect.poll(() => readdirSync(ingest)).toEqual([])
    expect(has(kept)).toBe(true)
    const { id } = await cloche.claim({ template: 'kept' })
    expect((await cloche.bytes(`/sandboxes/${id}/files?path=/text`)).toString()).toBe('kept')
    await cloche.call('DELETE', `/sandboxes/${id}`)
  })

  it('that were just finished are kept for the next try', async () => {
    await cloche.restart({ CLOCHE_LAYER_GRACE_SECONDS: '3600' })
    const fresh = layer('just now')
    await imported('fresh', fresh)
    await gone('fresh')
    expect(await collected()).toBe(0)
    expect(has(fresh)).toBe(true)
  })
})
