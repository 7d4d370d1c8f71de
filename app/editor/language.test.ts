import { expect, it } from 'vitest'
import { languageOf } from './language'

it('a language is known by the ending of a name, by the whole name, and by the first line', () => {
  expect(languageOf('main.PY').title).toBe('Python')
  expect(languageOf('a.test.ts').title).toBe('TypeScript')
  expect(languageOf('Dockerfile').title).toBe('Dockerfile')
  expect(languageOf('.bashrc').title).toBe('Shell')
  expect(languageOf('run', '#!/usr/bin/env python3').title).toBe('Python')
  expect(languageOf('run', '#!/bin/sh').title).toBe('Shell')
  expect(languageOf('c').title).toBe('Plain text')
})
