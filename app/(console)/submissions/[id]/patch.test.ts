import { expect, it } from 'vitest'
import { hunksOf } from './patch'

const patch = `--- a/loop.py
+++ b/loop.py
@@ -3,4 +3,5 @@
 for n in range(10):
-    print(n)
+    print(n + 1)
+    print()
 
 end
@@ -20 +21 @@
-last
\\ No newline at end of file
+last
`

it('puts what was removed beside what came in its place, with the numbers of the lines', () => {
  const [first, second] = hunksOf(patch)
  expect(first?.rows).toEqual([
    {
      before: { number: 3, text: 'for n in range(10):' },
      after: { number: 3, text: 'for n in range(10):' },
      differs: false,
    },
    {
      before: { number: 4, text: '    print(n)' },
      after: { number: 4, text: '    print(n + 1)' },
      differs: true,
    },
    { before: null, after: { number: 5, text: '    print()' }, differs: true },
    { before: { number: 5, text: '' }, after: { number: 6, text: '' }, differs: false },
    { before: { number: 6, text: 'end' }, after: { number: 7, text: 'end' }, differs: false },
  ])
  expect(second?.rows).toEqual([
    { before: { number: 20, text: 'last' }, after: { number: 21, text: 'last' }, differs: true },
    { before: { number: 21, text: '\\ No newline at end of file' }, after: null, differs: true },
  ])
})

it('finds nothing in what is no patch', () => {
  expect(hunksOf('')).toEqual([])
  expect(hunksOf('+++ b/a\n+ alone')).toEqual([])
})
