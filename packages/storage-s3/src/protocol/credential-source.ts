import { ConveyorError } from '@libconveyor/errors';
import type { Credentials } from './signature.ts';

/** Asks for credentials anew. */
export type CredentialProvider = () => Promise<Credentials>;

/** Credentials are renewed this long before they end: requests signed with them are under way. */
const leewayMs = 60_000;

/** Credentials that are asked for when they are needed, kept while they count, and renewed before they end. */
export class CredentialSource {
  readonly #provider: CredentialProvider;
  readonly #nowMs: () => number;
  #current: Credentials | undefined;
  #asking: Promise<Credentials> | undefined;

  constructor(provider: CredentialProvider, nowMs: () => number) {
    this.#provider = provider;
    this.#nowMs = nowMs;
  }

  /** Errors: ENOKEY when nobody has any. */
  async get(): Promise<Credentials> {
    const current = this.#current;
    if (current !== undefined && !this.#isEnding(current)) return current;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Forgets credentials that a server refused; @returns Whether asking again may give others. */
  renew(refused: Credentials): boolean {
    if (this.#current === refused) this.#current = undefined;
    return true;
  }

  #isEnding({ expiration }: Credentials): boolean {
    return expiration !== undefined && expiration.getTime() - this.#nowMs() < leewayMs;
  }

  async #ask(): Promise<Credentials> {
    try {
      const given = await this.#provider();
      this.#current = given;
      return given;
    } catch (thrown) {
      const detail = 'no credentials were found in the environment, in profile files, or from container and machine';
      throw new ConveyorError('ENOKEY', { origin: 'storage-s3', operation: 'sign', detail, cause: thrown });
    }
  }
}

/**
 * Where the AWS tools find credentials: environment, profile files, SSO, processes, web identity, container and
 * machine roles. Loaded when first asked for, because most of it is code that nobody else needs.
 */
export function usualCredentials(): CredentialProvider {
  let provider: ((options?: { forceRefresh?: boolean }) => Promise<Credentials>) | undefined;
  return async () => {
    if (provider === undefined) {
      const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
      provider = defaultProvider();
    }
    return provider({ forceRefresh: true });
  };
}
