/** What a column of a roster can be. */
export const columns = ['name', 'first', 'last', 'number', 'email', 'signIn', 'section', 'group'] as const
export type Column = (typeof columns)[number]

/** How people head them, in small letters and without spaces and signs. */
const headings: Readonly<Record<Column, readonly string[]>> = {
  name: ['name', 'fullname', 'student', 'studentname', '姓名', '学生姓名', '学生', '名字'],
  first: ['firstname', 'givenname', 'forename', '名'],
  last: ['lastname', 'surname', 'familyname', '姓'],
  number: [
    'number',
    'no',
    'studentnumber',
    'studentid',
    'studentno',
    'id',
    'idnumber',
    'sisid',
    '学号',
    '编号',
    '学生编号',
  ],
  email: [
    'email',
    'emailaddress',
    'mail',
    '邮箱',
    '电子邮箱',
    '电子邮件',
    '邮件',
    '邮箱地址',
    '电子邮件地址',
  ],
  signIn: ['signinname', 'signin', 'username', 'login', '登录名', '用户名', '账号'],
  section: ['section', 'class', 'course', '分班', '班级', '班'],
  group: ['group', 'team', '小组', '组', '组别', '分组'],
}

const known = new Map(
  columns.flatMap((column) => headings[column].map((heading) => [heading, column] as const)),
)

/** The column that a heading names; undefined for what a roster has no use for. */
export const columnOf = (heading: string): Column | undefined =>
  known.get(
    heading
      .normalize('NFKC')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]/gu, ''),
  )
