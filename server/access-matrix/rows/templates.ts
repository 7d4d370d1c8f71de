import { own, staffOwn, staffTheirs } from '../rules.js'
import { asBytes, asForm, buildForm, must, tiny } from '../world.js'
import type { Row } from './row.js'

/** What sandboxes are made from. */
export const templateRows: Readonly<Record<string, Row>> = {
  listTemplates: { rule: own, toStudents: ['templateName', 'spareTemplate', 'content'] },
  importOwnTemplate: {
    rule: staffOwn,
    // Whatever somebody calls theirs, it takes the place of nothing of others.
    call: ({ templateName }) => ({ path: { name: templateName }, body: tiny(), headers: asBytes }),
    fresh: () => ({ path: { name: 'another' }, body: tiny(), headers: asBytes }),
  },
  createTemplate: {
    rule: { ...staffTheirs, owner: 404, admin: 404, member: 404, key: 404, memberKey: 404 },
    why: 'nothing was pushed: server/registry/registry.test.ts has the rest',
    call: () => ({ body: { name: 'pushed', from: { image: 'confidential:1' } } }),
  },
  exportTemplate: { rule: staffTheirs, call: ({ spareTemplate }) => ({ path: { name: spareTemplate } }) },
  exportImage: {
    rule: { ...staffTheirs, owner: 404, admin: 404, member: 404, key: 404, memberKey: 404 },
    why: 'nothing was pushed: server/exports/exports.test.ts has the rest',
    call: () => ({ query: { image: 'confidential:1' } }),
  },
  deleteOwnTemplate: {
    rule: staffTheirs,
    call: ({ spareTemplate }) => ({ path: { name: spareTemplate } }),
    fresh: async ({ callers }, caller) => {
      const name = `of-${caller.toLowerCase()}`
      await must(callers.owner, 'PUT', `/api/v1/templates/${name}/image`, tiny(), asBytes)
      return { path: { name } }
    },
  },
  startBuild: {
    rule: staffOwn,
    waits: true,
    call: () => ({ path: { name: 'built' }, body: buildForm(), headers: asForm }),
    fresh: () => ({ path: { name: 'another' }, body: buildForm(), headers: asForm }),
  },
  listBuilds: { rule: staffOwn },
  getBuild: { rule: staffTheirs, call: ({ buildId }) => ({ path: { name: 'built', id: buildId } }) },
  followBuild: { rule: staffTheirs, call: ({ buildId }) => ({ path: { name: 'built', id: buildId } }) },
  cancelBuild: { rule: staffTheirs, call: ({ buildId }) => ({ path: { name: 'built', id: buildId } }) },
  pullImage: {
    rule: staffOwn,
    call: () => ({ body: { from: 'localhost/any:1', image: 'any:1' } }),
    fresh: () => ({ body: { from: 'localhost/another:1' } }),
  },
  pushImage: {
    rule: { ...staffTheirs, owner: 404, admin: 404, member: 404, key: 404, memberKey: 404 },
    why: 'nothing was pushed: server/transfers/transfers.test.ts has the rest',
    call: () => ({ body: { image: 'confidential:1', to: 'localhost/confidential:1' } }),
  },
  listTransfers: { rule: staffOwn },
  getTransfer: { rule: staffTheirs, call: ({ transferId }) => ({ path: { id: transferId } }) },
  followTransfer: { rule: staffTheirs, call: ({ transferId }) => ({ path: { id: transferId } }) },
  cancelTransfer: { rule: staffTheirs, call: ({ transferId }) => ({ path: { id: transferId } }) },
  listRegistries: { rule: staffOwn },
  setRegistry: {
    rule: staffOwn,
    call: () => ({ path: { host: 'mine.example.org' }, body: { username: 'me', password: 'mine' } }),
  },
  deleteRegistry: {
    rule: staffTheirs,
    call: () => ({ path: { host: 'confidential.example.org' } }),
    fresh: async ({ callers }, caller) => {
      const host = `of-${caller.toLowerCase()}.example.org`
      const login = { username: 'me', password: 'mine' }
      await must(callers.owner, 'PUT', `/api/v1/registries/${host}`, login)
      return { path: { host } }
    },
  },
}
