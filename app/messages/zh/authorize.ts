import type { Texts } from '../texts'

export const authorize: Texts<'authorize'> = {
  allow: '允许访问',
  nothingAsked: '程序需要连接时会打开此页面，目前没有程序在请求。请从你的程序开始。',
  question: '<strong>{client}</strong> 希望通过模型上下文协议（MCP）使用 <strong>{tenant}</strong> 的沙箱。',
  refuse: '取消',
  revoke: '此访问权限会列在租户的 API 密钥中，你可以在那里吊销它。',
  signInFirst: '有程序希望使用你的沙箱。请登录以查看是哪个程序。',
  unchecked:
    '此名称未经验证。访问权限将交给 <strong>{host}</strong>。仅当你是从信任的程序发起此请求时才允许。',
}
