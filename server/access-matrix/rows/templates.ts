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
}
