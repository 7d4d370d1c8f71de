import { assignmentRows } from './rows/assignments.js'
import { classRows } from './rows/classes.js'
import { fileRows } from './rows/files.js'
import { lessonRows } from './rows/lessons.js'
import { ltiRows } from './rows/lti.js'
import { operatorRows } from './rows/operators.js'
import { peopleRows } from './rows/people.js'
import type { Row } from './rows/row.js'
import { runRows } from './rows/runs.js'
import { sandboxRows } from './rows/sandboxes.js'
import { scheduleRows } from './rows/schedules.js'
import { stackRows } from './rows/stacks.js'
import { templateRows } from './rows/templates.js'
import { volumeRows } from './rows/volumes.js'
import { webhookRows } from './rows/webhooks.js'
import { everybodyIs, open, operators, refused, signature } from './rules.js'

/**
 * Who may make each call of the API, by its `operationId`. The rules are in `rules.ts`: `theirs` for what names
 * something of a tenant, `own` for what is about the caller's own, and so on.
 */
export const table: Readonly<Record<string, Row>> = {
  // First: what others have made by then, whose names are the victim's, is told to them as events.
  ...webhookRows,
  ...sandboxRows,
  ...fileRows,
  ...scheduleRows,
  ...classRows,
  ...assignmentRows,
  ...lessonRows,
  ...ltiRows,
  ...volumeRows,
  ...stackRows,
  ...templateRows,
  ...runRows,
  ...peopleRows,
  ...operatorRows,
}

/** Keys alone are let in: whom a repository is of, server/registry/registry.test.ts says. */
const registry: Row = {
  rule: { ...everybodyIs(401), key: 404, memberKey: 404, strangerKey: 404, operatorKey: 404 },
  why: 'no repository is called so',
}

/** Keys alone are let in here too: server/mcp/mcp.test.ts calls every tool with what is another tenant's. */
const mcp = (answer: 400 | 405): Row => ({
  rule: { ...everybodyIs(401), key: answer, memberKey: answer, strangerKey: answer, operatorKey: answer },
  why: answer === 405 ? 'there is no stream' : 'there is no message in it',
})

/** The SSH gateway alone is let in: server/ssh/ssh.test.ts connects to what is another tenant's. */
const gateway: Row = { rule: everybodyIs(401), why: 'no credential of a person or program is good here' }
const platforms = 'what it needs is signed by a platform: server/lti/lti.test.ts has the rest'

/** Routes that the OpenAPI document does not have. */
export const hidden: Readonly<Record<string, Row>> = {
  'GET /healthz': { rule: open },
  'GET /readyz': { rule: open },
  'GET /api/openapi.json': { rule: open },
  'GET /metrics': { rule: operators },
  ...Object.fromEntries(
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [`${method} /v2/*`, registry]),
  ),
  ...Object.fromEntries(
    [
      ...['GET /.well-known/oauth-protected-resource', 'GET /.well-known/oauth-protected-resource/mcp'],
      'GET /.well-known/oauth-authorization-server',
    ].map((path) => [path, { rule: open }]),
  ),
  // Whose tokens they are about is said by the tokens: server/oauth/oauth.test.ts.
  ...Object.fromEntries(
    ['register', 'token', 'revoke'].map((name) => [
      `POST /oauth/${name}`,
      { rule: refused, why: 'nothing is in it' },
    ]),
  ),
  'POST /mcp': mcp(400),
  'GET /mcp': mcp(405),
  'DELETE /mcp': mcp(405),
  'POST /api/v1/ssh/sessions': gateway,
  'POST /api/v1/ssh/session/hold': gateway,
  'DELETE /api/v1/ssh/session': gateway,
  ...Object.fromEntries(
    ['GET', 'POST'].map((method) => [
      `${method} /lti/{tenant}/login`,
      {
        rule: refused,
        call: ({ tenantId }) => ({ path: { tenant: tenantId } }),
        why: platforms,
      } satisfies Row,
    ]),
  ),
  'POST /lti/{tenant}/launch': {
    rule: signature,
    call: ({ tenantId }) => ({ path: { tenant: tenantId } }),
    why: platforms,
  },
  ...Object.fromEntries(
    ['POST /lti/bind', 'POST /lti/open', 'POST /lti/pick', 'GET /lti/register', 'POST /lti/register'].map(
      (name) => [name, { rule: refused, why: platforms } satisfies Row],
    ),
  ),
  'GET /lti/jwks': { rule: open },
  'GET /api/previews/open': {
    rule: refused,
    why: 'what it needs comes from the origin of a preview: server/previews/previews.test.ts has the rest',
  },
}
