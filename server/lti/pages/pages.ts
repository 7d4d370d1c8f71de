import type { ApiError } from '../../errors.js'
import type { Language } from '../../http/problem-titles.js'
import type { Launch } from '../launch.js'
import { Html, html, type Page, pageOf } from './html.js'
import { textIn } from './texts.js'

/** What the pages of a launch have in common. */
interface OfLaunch extends Launch {
  readonly language: Language
  readonly ticket: string
}

const hidden = (name: string, value: string) => html`<input type="hidden" name="${name}" value="${value}">`

/**
 * Asks whoever looks at it to continue, and tells as whom. By the click the browser proves nothing, and its person agrees: nobody is
 * signed in to an account of somebody else without seeing its name.
 * @param framed whether it is in a frame, where a session would not be kept
 */
export function openPage({ language, ticket, platform, request }: OfLaunch, framed: boolean): Page {
  const t = textIn(language)
  return pageOf({
    ...{ language, title: t('open.title', { name: request.name }), frames: request.origins },
    body: html`<p>${t('open.where', { course: request.courseTitle, platform: platform.name })}</p>
<form method="post" action="/lti/open" ${new Html(framed ? 'target="_blank"' : '')}>${hidden('ticket', ticket)}
<p><button>${t(framed ? 'open.submit' : 'open.submitHere')}</button></p></form>
${framed ? html`<p class="quiet">${t('open.help')}</p>` : ''}<p class="quiet">${t('open.notYou')}</p>`,
  })
}

/** Asks a teacher for the class of a course. */
export function bindPage(
  { language, ticket, request }: OfLaunch,
  classes: readonly { readonly id: string; readonly name: string }[],
): Page {
  const t = textIn(language)
  return pageOf({
    ...{ language, title: t('bind.title', { course: request.courseTitle }), frames: request.origins },
    body: html`<p>${t('bind.help')}</p><form method="post" action="/lti/bind">${hidden('ticket', ticket)}
${hidden('timeZone', 'UTC')}<fieldset><legend>${t('bind.class')}</legend>
<label><input type="radio" name="class" value="" checked> ${t('bind.new')}</label>
${classes.map(({ id, name }) => html`<label><input type="radio" name="class" value="${id}"> ${name}</label>`)}</fieldset>
<label>${t('bind.newName')} <input type="text" name="name" maxlength="64" value="${request.courseTitle}"></label>
<p><button>${t('bind.submit')}</button></p></form>`,
    script: `document.querySelector('[name=timeZone]').value=Intl.DateTimeFormat().resolvedOptions().timeZone`,
  })
}

/** Asks a teacher what a link in their course is to lead to. */
export function pickPage(
  { language, ticket, request }: OfLaunch,
  assignments: readonly { readonly id: string; readonly title: string; readonly published: boolean }[],
): Page {
  const t = textIn(language)
  const choice = (id: string, label: string, at: number) =>
    html`<label><input type="radio" name="assignment" value="${id}" ${new Html(at === 0 ? 'checked' : '')}> ${label}</label>`
  const choices = [
    ...assignments.map(({ id, title, published }) => ({
      ...{ id, label: published ? title : t('pick.draft', { title }) },
    })),
    { id: '', label: t('pick.class') },
  ]
  return pageOf({
    ...{ language, title: t('pick.title', { course: request.courseTitle }), frames: request.origins },
    body: html`<p>${t('pick.help')}</p><form method="post" action="/lti/pick">${hidden('ticket', ticket)}
<fieldset>${choices.map(({ id, label }, at) => choice(id, label, at))}</fieldset><p><button>${t('pick.submit')}</button></p></form>`,
  })
}

/** Sends what was picked to the platform, by the browser. */
export function pickedPage(
  { language, request }: Omit<OfLaunch, 'ticket'>,
  { url, jwt }: { readonly url: string; readonly jwt: string },
): Page {
  const t = textIn(language)
  return pageOf({
    ...{ language, title: t('pick.sending'), frames: request.origins, sendsTo: [new URL(url).origin] },
    body: html`<form method="post" action="${url}">${hidden('JWT', jwt)}<button>${t('pick.submit')}</button></form>`,
    script: 'document.forms[0].submit()',
  })
}

/** Asks whoever administers a platform whether it is to be registered. */
export function registerPage(
  language: Language,
  { tenant, createdBy }: { readonly tenant: string; readonly createdBy: string },
  query: Readonly<Record<string, string>>,
): Page {
  const t = textIn(language)
  const { host, origin } = new URL(query.openid_configuration ?? '')
  return pageOf({
    ...{ language, title: t('register.title', { host, tenant }), frames: [origin] },
    body: html`<p>${t('register.help', { host, by: createdBy })}</p><form method="post" action="/lti/register">
${Object.entries(query).map(([name, value]) => hidden(name, value))}<p><button>${t('register.submit')}</button></p></form>`,
  })
}

/** The platform closes its window when it is told to. @see https://www.imsglobal.org/spec/lti-dr/v1p0 */
export function registeredPage(language: Language, platform: string, origin: string): Page {
  const t = textIn(language)
  return pageOf({
    ...{
      language,
      title: t('register.done', { platform }),
      frames: [origin],
      body: html`<p>${t('register.doneHelp')}</p>`,
    },
    script: `(window.opener||window.parent).postMessage({subject:'org.imsglobal.lti.close'},'*')`,
  })
}

/** @param error in English, whatever the language of the page */
export const errorPage = (language: Language, error: ApiError): Page =>
  pageOf({
    ...{ language, title: textIn(language)('error.title'), frames: null, status: error.status },
    body: html`<p lang="en">${error.message}</p>`,
  })
