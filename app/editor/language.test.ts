import { expect, it } from 'vitest'
import { languageOf } from './language'

it('a language is known by the ending of a name, by the whole name, and by the first line', () => {
  expect(languageOf('main.PY').displayName).toBe('Python')
  expect(languageOf('a.test.ts').displayName).toBe('TypeScript')
  expect(languageOf('Dockerfile').displayName).toBe('Dockerfile')
  expect(languageOf('.bashrc').displayName).toBe('Shell')
  expect(languageOf('run', '#!/usr/bin/env python3').displayName).toBe('Python')
  expect(languageOf('run', '#!/bin/sh').displayName).toBe('Shell')
  expect(languageOf('c').displayName).toBe('text')
})
