/** One key pair that may use the server. */
export interface MockCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Temporary credentials: requests must carry this token. */
  sessionToken?: string | undefined;
  /** From this moment on, milliseconds since 1970, their requests are ExpiredToken. */
  expiresAtMs?: number | undefined;
  /** May only read: everything else is AccessDenied. */
  readOnly?: boolean | undefined;
}

/** The key pairs that the server knows; a test may change them while it runs. */
export class CredentialStore {
  readonly #byId = new Map<string, MockCredentials>();

  constructor(credentials: readonly MockCredentials[]) {
    for (const one of credentials) this.set(one);
  }

  /** Adds a pair, or replaces the one with the same id. */
  set(credentials: MockCredentials): void {
    this.#byId.set(credentials.accessKeyId, { ...credentials });
  }

  /** Forgets a pair: its requests are InvalidAccessKeyId. Returns whether it was known. */
  remove(accessKeyId: string): boolean {
    return this.#byId.delete(accessKeyId);
  }

  find(accessKeyId: string): MockCredentials | undefined {
    return this.#byId.get(accessKeyId);
  }

  /** The first pair: what a test uses that does not care. */
  get first(): MockCredentials | undefined {
    return this.#byId.values().next().value;
  }
}
