import type { useTranslations } from 'use-intl'
import type { Locale } from '../lib/locale'
import type { en } from './en'

type SameKeys<T> = { readonly [Key in keyof T]: T[Key] extends string ? string : SameKeys<T[Key]> }

/** A whole catalogue: the keys of the English one with texts of any language. */
export type Catalogue = SameKeys<typeof en>
/** One area of a catalogue. */
export type Texts<Area extends keyof typeof en> = Catalogue[Area]

/** What `useTranslations()` gives, for functions that are no hooks. */
export type Translate = ReturnType<typeof useTranslations<never>>
/** A key of the catalogues, such as `units.seconds`. */
export type TextKey = Parameters<Translate>[0]

declare module 'use-intl' {
  interface AppConfig {
    Locale: Locale
    Messages: typeof en
  }
}
