import { describe, expect, it } from 'vitest'
import { helpedLanguageOf, installOf } from './languages'

describe('the language of a file for a language server', () => {
  it.each([
    ['/home/user/main.py', '', 'python'],
    ['/home/user/tool', '#!/usr/bin/env python3', 'python'],
    ['/home/user/a.ts', '', 'typescript'],
    ['/home/user/a.tsx', '', 'typescriptreact'],
    ['/home/user/a.jsx', '', 'javascriptreact'],
    ['/home/user/a.h', '', 'cpp'],
    ['/home/user/a.c', '', 'c'],
    ['/home/user/notes.md', '', null],
    ['/home/user/constructor', '', null],
  ])('%s %s', (path, firstLine, language) => {
    expect(helpedLanguageOf(path, firstLine)).toBe(language)
  })

  it('has a way to be installed, unless its files are useful without', () => {
    expect(installOf('python')).toContain('pylsp')
    expect(installOf('javascriptreact')).toContain('typescript-language-server')
    expect(installOf('json')).toBeNull()
  })
})
