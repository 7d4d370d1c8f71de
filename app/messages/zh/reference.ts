import type { Texts } from '../texts'

export const reference: Texts<'reference'> = {
  answers: '响应',
  body: '请求体',
  bodyNamed: '请求体（{name}）',
  bodyType: '请求体的类型为 {type}。',
  defaultValue: '，默认 {value}',
  example: '示例',
  intro:
    '此服务器的全部调用，每个调用都附有示例。使用 <code>Authorization: Bearer API_KEY</code> 进行身份验证。可用 <link>OpenAPI 3.1 文档</link>生成其他语言的客户端。',
  none: '没有匹配的调用',
  noneText: '请按调用的名称、地址或功能搜索（英文）。',
  optional: '可选',
  other: '其他',
  parameters: '参数',
  places: {
    header: '请求头',
    path: '地址',
    query: '查询参数',
  },
  required: '必填',
  search: '搜索调用',
  searchExample: '搜索调用，例如 create sandbox',
  theExample: '示例',
}
