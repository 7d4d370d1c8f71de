/** What an endpoint of OAuth refuses. @see RFC 6749, 5.2 and RFC 7591, 3.2.2 */
export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  constructor(
    readonly code:
      | 'invalid_request'
      | 'invalid_client'
      | 'invalid_grant'
      | 'invalid_target'
      | 'invalid_redirect_uri'
      | 'invalid_client_metadata'
      | 'unsupported_grant_type',
    message: string,
  ) {
    super(message)
  }
}
