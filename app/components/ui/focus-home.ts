'use client'

import { createContext, useContext } from 'react'

/** Where the focus of a page belongs when a menu, a dialog or a button is done with it. */
export class FocusHome {
  #target: (() => void) | null = null

  /** @param target focuses it; null while there is none */
  set(target: (() => void) | null): void {
    this.#target = target
  }

  /**
   * @returns whether the focus is there now: not on a page without such a place, nor where a finger is the pointer,
   * since a focused terminal brings up the keyboard
   */
  focus(): boolean {
    if (!this.#target || window.matchMedia('(pointer: coarse)').matches) return false
    this.#target()
    return true
  }
}

export const FocusHomeContext = createContext(new FocusHome())

export function useFocusHome(): FocusHome {
  return useContext(FocusHomeContext)
}

/** Nothing has the focus: what had it is gone from the page. */
export function isFocusLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body
}
