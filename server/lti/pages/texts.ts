import type { Language } from '../../http/problem-titles.js'

/** What the pages of launches say. `{…}` stands for names, which are put in as text. */
const texts = {
  'bind.class': { en: 'Class', zh: '班级' },
  'bind.help': {
    en: 'Students of the course join this class when they open Cloche from the course. Teachers of the course become its teachers.',
    zh: '课程的学生从课程中打开 Cloche 时会加入该班级；课程的教师会成为该班级的教师。',
  },
  'bind.new': { en: 'New class', zh: '新建班级' },
  'bind.newName': { en: 'Name of the new class', zh: '新班级的名称' },
  'bind.submit': { en: 'Connect course', zh: '关联课程' },
  'bind.title': { en: 'Connect {course} to a class', zh: '将“{course}”关联到班级' },
  'error.title': { en: 'Cloche cannot be opened', zh: '无法打开 Cloche' },
  'open.help': {
    en: 'Your browser keeps pages inside other sites signed out, so Cloche opens in a window of its own.',
    zh: '浏览器不允许嵌入其他网站的页面保持登录状态，因此 Cloche 会在新窗口中打开。',
  },
  'open.notYou': {
    en: 'Not you? Close this page: somebody has opened it with their own account.',
    zh: '不是您本人？请关闭此页面：有人使用自己的账号打开了它。',
  },
  'open.submit': { en: 'Open Cloche in a new window', zh: '在新窗口中打开 Cloche' },
  'open.submitHere': { en: 'Open Cloche', zh: '打开 Cloche' },
  'open.title': { en: 'Continue as {name}', zh: '以“{name}”的身份继续' },
  'open.where': { en: '{course} on {platform}', zh: '{platform} 上的“{course}”' },
  'pick.class': { en: 'The class itself', zh: '班级本身' },
  'pick.draft': { en: '{title} (not published)', zh: '{title}（未发布）' },
  'pick.help': {
    en: 'Students who open the link begin this assignment. Their points go to the gradebook of the course.',
    zh: '学生打开该链接即可开始此作业，得分会发送到课程的成绩册。',
  },
  'pick.sending': { en: 'Adding the link to your course…', zh: '正在将链接添加到您的课程…' },
  'pick.submit': { en: 'Add link', zh: '添加链接' },
  'pick.title': { en: 'Choose what to link in {course}', zh: '选择要在“{course}”中添加的链接' },
  'register.done': { en: '{platform} is registered', zh: '已注册 {platform}' },
  'register.doneHelp': {
    en: 'Activate Cloche in the platform now. If it shows a deployment ID, an owner adds that in the settings of the tenant.',
    zh: '现在请在平台中启用 Cloche。如果平台显示了部署 ID，请由所有者在租户设置中添加。',
  },
  'register.help': {
    en: 'Teachers and students of {host} will be able to open Cloche from their courses. {by} made this link.',
    zh: '{host} 的教师和学生将可以从其课程中打开 Cloche。此链接由 {by} 创建。',
  },
  'register.submit': { en: 'Register platform', zh: '注册平台' },
  'register.title': { en: 'Connect {host} to {tenant}', zh: '将 {host} 关联到“{tenant}”' },
} as const satisfies Record<string, Readonly<Record<Language, string>>>

export type PageText = keyof typeof texts

/** The text in a language, with names put in. It is not HTML yet. */
export const textIn =
  (language: Language) =>
  (key: PageText, names: Readonly<Record<string, string>> = {}): string =>
    texts[key][language].replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? '')

export const catalogue: Readonly<Record<string, Readonly<Record<Language, string>>>> = texts
