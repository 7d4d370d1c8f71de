import type { Texts } from '../texts'

export const errors: Texts<'errors'> = {
  contactOperator: '页面加载失败，您的沙箱仍在运行。请重试；如果问题仍然存在，请联系运维人员。',
  contactOperatorDigest:
    '页面加载失败，您的沙箱仍在运行。请重试；如果问题仍然存在，请联系运维人员，并提供错误编号 {digest}。',
  goToSandboxes: '前往您的沙箱',
  notFound: '页面不存在',
  notFoundText: '请检查地址。该页面可能已被移动或删除。',
  tryAgain: '重试',
  wrong: '出现错误',
}
