import type { Texts } from '../texts'

export const grades: Texts<'grades'> = {
  csv: '下载 CSV',
  givenText: '人工给的分数，代替测试的分数。',
  none: '还没有成绩',
  noneText: '班级有了学生和作业之后，分数会显示在这里。',
  of: '满分 {points}',
  student: '学生',
  title: '成绩',
  total: '总分',
}
