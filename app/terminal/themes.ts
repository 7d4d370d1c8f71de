import type { ITheme } from '@xterm/xterm'

export const themeNames = ['page', 'light', 'dark', 'solarized-light', 'solarized-dark', 'contrast'] as const
export type ThemeName = (typeof themeNames)[number]

const light: ITheme = {
  background: '#ffffff',
  foreground: '#1d2623',
  cursor: '#0d6b4b',
  cursorAccent: '#ffffff',
  selectionBackground: '#bfe3d3',
  black: '#1d2623',
  red: '#b3261e',
  green: '#17703f',
  yellow: '#80590a',
  blue: '#1f5fb0',
  magenta: '#8a3a9b',
  cyan: '#0b6e78',
  white: '#5f6b66',
  brightBlack: '#6a7671',
  brightRed: '#c93a31',
  brightGreen: '#1c8a4e',
  brightYellow: '#94690f',
  brightBlue: '#2f74cf',
  brightMagenta: '#a04cb2',
  brightCyan: '#0f818c',
  brightWhite: '#3c4844',
}

const dark: ITheme = {
  background: '#0d1412',
  foreground: '#dfe7e3',
  cursor: '#6fdcae',
  cursorAccent: '#0d1412',
  selectionBackground: '#2b5a48',
  black: '#26312d',
  red: '#ff8b80',
  green: '#7fd99a',
  yellow: '#e9c46a',
  blue: '#82b4ff',
  magenta: '#dba0f0',
  cyan: '#6cd5dd',
  white: '#c6d0cb',
  brightBlack: '#7f8d87',
  brightRed: '#ffaaa2',
  brightGreen: '#a3e8b7',
  brightYellow: '#f4da94',
  brightBlue: '#a9cbff',
  brightMagenta: '#e8bff6',
  brightCyan: '#9be4ea',
  brightWhite: '#ffffff',
}

/** Ethan Schoonover's palette: https://ethanschoonover.com/solarized/ */
const solarized: ITheme = {
  black: '#073642',
  red: '#dc322f',
  green: '#859900',
  yellow: '#b58900',
  blue: '#268bd2',
  magenta: '#d33682',
  cyan: '#2aa198',
  white: '#eee8d5',
  brightBlack: '#586e75',
  brightRed: '#cb4b16',
  brightGreen: '#586e75',
  brightYellow: '#657b83',
  brightBlue: '#839496',
  brightMagenta: '#6c71c4',
  brightCyan: '#93a1a1',
  brightWhite: '#fdf6e3',
}

const palettes: Record<Exclude<ThemeName, 'page'>, ITheme> = {
  light,
  dark,
  'solarized-light': {
    ...solarized,
    background: '#fdf6e3',
    foreground: '#586e75',
    cursor: '#586e75',
    cursorAccent: '#fdf6e3',
    selectionBackground: '#dcd6c1',
  },
  'solarized-dark': {
    ...solarized,
    background: '#002b36',
    foreground: '#93a1a1',
    cursor: '#93a1a1',
    cursorAccent: '#002b36',
    selectionBackground: '#0f4b59',
  },
  contrast: {
    ...dark,
    background: '#000000',
    foreground: '#ffffff',
    cursor: '#ffff00',
    cursorAccent: '#000000',
    selectionBackground: '#3a6ea5',
    black: '#000000',
    white: '#ffffff',
    brightBlack: '#b0b0b0',
  },
}

export function palette(name: ThemeName, pageIsDark: boolean): ITheme {
  const chosen = palettes[name === 'page' ? (pageIsDark ? 'dark' : 'light') : name]
  return {
    ...chosen,
    overviewRulerBorder: '#00000000',
    scrollbarSliderBackground: `${chosen.foreground}33`,
    scrollbarSliderHoverBackground: `${chosen.foreground}55`,
    scrollbarSliderActiveBackground: `${chosen.foreground}77`,
  }
}
