import type { Texts } from '../texts'

export const palette: Texts<'palette'> = {
  allSandboxes: '所有沙箱',
  editSandbox: '编辑沙箱',
  failed: '无法读取文件名。仍可使用命令：请先输入 >。',
  loading: '正在读取文件名…',
  loadingSymbols: '正在读取符号…',
  noCommand: '没有这个命令。',
  noFile: '没有这个文件。隐藏文件和 .gitignore 排除的内容不在列表中。',
  noSymbol: '没有这样的符号。',
  placeholder: '文件名，或 > 加命令，或 @ 加符号',
  terminal: '终端：{name}',
  title: '转到文件或命令',
}
