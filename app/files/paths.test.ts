import { describe, expect, it } from 'vitest'
import { freeName, joinPath, movedPath, nameProblem, parentsOf, placedIn } from './paths'

describe('paths of the tree', () => {
  it('are joined as they are, and encoded below a directory whose name is not UTF-8', () => {
    expect(joinPath('/home/user', '100%.txt')).toBe('/home/user/100%.txt')
    expect(joinPath('file:///home/user/caf%E9', '100%.txt')).toBe('file:///home/user/caf%E9/100%25.txt')
  })

  it('have a parent, whichever of the two is not UTF-8', () => {
    expect(parentsOf('/home/user/a/b')).toEqual(['/home/user/a'])
    expect(parentsOf('file:///home/user/a%20b/caf%E9')).toContain('/home/user/a b')
    expect(parentsOf('file:///home/user/caf%E9/a')).toEqual(['file:///home/user/caf%E9'])
  })

  it('are placed in another directory, whichever of the two is not UTF-8', () => {
    expect(placedIn('/home/user/b', '/home/user/a/100%.txt')).toBe('/home/user/b/100%.txt')
    expect(placedIn('file:///caf%E9', '/home/user/a b')).toBe('file:///caf%E9/a%20b')
    expect(placedIn('/home/user/a b', 'file:///caf%E9')).toBe('file:///home/user/a%20b/caf%E9')
    expect(placedIn('file:///x%E9', 'file:///caf%E9')).toBe('file:///x%E9/caf%E9')
  })

  it('get a number when they are taken', () => {
    expect(freeName('/d/a.txt', new Set())).toBe('/d/a.txt')
    expect(freeName('/d/a.txt', new Set(['/d/a.txt', '/d/a 2.txt']))).toBe('/d/a 3.txt')
    expect(freeName('/d.e/.bashrc', new Set(['/d.e/.bashrc']))).toBe('/d.e/.bashrc 2')
    expect(freeName('file:///caf%E9', new Set(['file:///caf%E9']))).toBe('file:///caf%E9%202')
  })

  it('follow the rename of a directory above them, and of no other whose name begins the same', () => {
    expect(movedPath('/home/user/a/b', '/home/user/a', '/home/user/c')).toBe('/home/user/c/b')
    expect(movedPath('/home/user/ab', '/home/user/a', '/home/user/c')).toBe('/home/user/ab')
  })

  it('have names of at most 255 bytes, without a slash', () => {
    expect(nameProblem('é'.repeat(127))).toBeNull()
    expect(nameProblem('é'.repeat(128))).toBe('long')
    expect(nameProblem('a/b')).toBe('slash')
    expect(nameProblem('..')).toBe('dots')
    expect(nameProblem('')).toBe('empty')
  })
})
