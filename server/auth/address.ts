/** What somebody is known by: their e-mail address, or what they sign in with when they have none. */
export const addressOf = ({
  email,
  username,
}: {
  email: string
  username?: string | null | undefined
}): string => username ?? email
