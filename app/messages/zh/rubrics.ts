import type { Texts } from '../texts'

export const rubrics: Texts<'rubrics'> = {
  add: '添加评分项',
  choose: '请为每个评分项选择一个等级。',
  criterion: '评分项 {number}',
  criterionHint: '例如：命名清晰',
  levels: '{name} 的等级',
  levelsHint: '每行一个，先写分数再写说明，例如：2 多数命名表意清楚',
  levelsWrong: '{name}：每行等级须以分数开头，例如：2 多数命名清楚。',
  none: '没有评分项：由评分人直接给分。',
  points: '{points} 分',
  remove: '移除评分项 {name}',
  sum: '{points} / {max} 分',
  text: '评分人为每个评分项选择一个等级，成绩为所选等级分数之和。学生会在成绩中看到所选等级。更改评分标准后，以前的选择保持不变。',
  title: '评分标准',
}
