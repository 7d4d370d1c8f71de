import type { Texts } from '../texts'

export const workspace: Texts<'workspace'> = {
  all: '全部沙箱',
  deleted: '此沙箱已删除',
  deletedText: '沙箱被他人删除，或已到期。其磁盘也一并删除。',
  editorHeight: '编辑器高度',
  files: '文件',
  filesWidth: '文件面板宽度',
  goToSandboxes: '前往沙箱列表',
  heading: '{name} 的工作区',
  hideFiles: '隐藏文件',
  meters: '资源用量',
  moreActions: '更多操作',
  notFound: '沙箱不存在',
  notFoundText: '请检查地址，或切换到该沙箱所属的租户。',
  shortcuts: {
    commands: '显示所有命令',
    files: '显示或隐藏文件',
    focusEditor: '将焦点移到编辑器',
    focusFiles: '将焦点移到文件',
    focusTerminal: '将焦点移到终端',
    git: '显示或隐藏源代码管理',
    quickOpen: '按名称打开文件（从文件或编辑器）',
    search: '在文件中搜索（从文件或编辑器）',
  },
  showFiles: '显示文件',
}
