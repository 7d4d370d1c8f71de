import type { LtiTool } from '../../protocol/api/index.js'

/** Where platforms and the browsers of their people call. */
export class ToolUrls {
  constructor(readonly publicUrl: string) {}

  /** A tenant has addresses of its own: no other one can take its platforms' issuers and client IDs. */
  of(tenantId: string): LtiTool {
    const base = `${this.publicUrl}/lti/${tenantId}`
    return { loginUrl: `${base}/login`, launchUrl: `${base}/launch`, jwksUrl: `${this.publicUrl}/lti/jwks` }
  }

  /** Platforms append their own parameters: the secret cannot stand behind `#`. */
  registration(secret: string): string {
    return `${this.publicUrl}/lti/register?link=${secret}`
  }
}
