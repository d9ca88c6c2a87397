/** Operations of the login by JSON, API 110000. */
export const loginOperation = {
  request: 'auth_agent_auth_request',
  response: 'auth_agent_auth_response',
} as const;

/** A step of the login by JSON. The server sends back what it was sent, and more. */
export interface LoginStep {
  /** `native`, `pam_password`. */
  scheme: string;
  next_operation: string;
  user_name: string;
  zone_name: string;
  /** The challenge, or the password that PAM made. */
  request_result?: string | undefined;
  /** Base64 of {@link nativeDigest}. */
  digest?: string | undefined;
  /** For PAM, inside of TLS only. */
  a_pw?: string | undefined;
  /** Hours as text; `0` for the server's default. */
  a_ttl?: string | undefined;
}

/** The context of PAM in 4.2 (`AUTH_PLUG_REQ`). Errors: RangeError when it is longer than servers take. */
export function pamContext(user: string, password: string, ttlHours = 0): string {
  const escaped = (value: string): string => value.replace(/[\\;=]/g, '\\$&');
  const context = `a_user=${escaped(user)};a_pw=${escaped(password)};a_ttl=${ttlHours}`;
  if (Buffer.byteLength(context) >= 1088) throw new RangeError('user and password are too long for this login');
  return context;
}

/** The values of such a context. */
export function parsePamContext(context: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [, name = '', value = ''] of context.matchAll(/([^;=\\]+)=((?:\\.|[^\\;])*)(?:;|$)/gs)) {
    values.set(name, value.replace(/\\(.)/gs, '$1'));
  }
  return values;
}
