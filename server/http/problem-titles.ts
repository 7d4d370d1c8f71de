import type { ErrorCode } from '../../protocol/api/index.js'

/** The languages of titles, by the primary subtag that a caller accepts; the first is the default. */
export const languages = ['en', 'zh'] as const
export type Language = (typeof languages)[number]

/** What `Content-Language` says of each. */
export const languageTags: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-CN' }

/** What each error is called. The code is for programs and never translated. */
export const problemTitles: Readonly<Record<Language, Readonly<Record<ErrorCode, string>>>> = {
  en: {
    invalid_request: 'Invalid request',
    unauthenticated: 'Authentication required',
    forbidden: 'Not allowed',
    not_found: 'Not found',
    file_not_found: 'File not found',
    conflict: 'Conflict',
    precondition_failed: 'Precondition failed',
    range_not_satisfiable: 'Range not satisfiable',
    offset_mismatch: 'Offset mismatch',
    quota_exceeded: 'Quota exceeded',
    payload_too_large: 'Request body too large',
    unsupported_media_type: 'Unsupported media type',
    rate_limited: 'Too many requests',
    sandbox_not_running: 'The sandbox is not running',
    template_unavailable: 'Template not available',
    node_full: 'Node full',
    disk_full: 'Disk full',
    queue_full: 'Queue full',
    runtime_unavailable: 'Runtime not available',
    port_unreachable: 'No answer from the port',
    port_timeout: 'The port does not answer in time',
    database_unavailable: 'Database not available',
    internal: 'Internal error',
  },
  zh: {
    invalid_request: '请求无效',
    unauthenticated: '需要身份验证',
    forbidden: '没有权限',
    not_found: '未找到',
    file_not_found: '文件不存在',
    conflict: '冲突',
    precondition_failed: '前提条件不满足',
    range_not_satisfiable: '无法满足请求的范围',
    offset_mismatch: '偏移量不匹配',
    quota_exceeded: '超出配额',
    payload_too_large: '请求体过大',
    unsupported_media_type: '不支持的媒体类型',
    rate_limited: '请求过于频繁',
    sandbox_not_running: '沙箱未运行',
    template_unavailable: '模板不可用',
    node_full: '节点已满',
    disk_full: '磁盘已满',
    queue_full: '队列已满',
    runtime_unavailable: '运行时不可用',
    port_unreachable: '端口没有响应',
    port_timeout: '端口响应超时',
    database_unavailable: '数据库不可用',
    internal: '内部错误',
  },
}
