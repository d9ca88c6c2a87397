import {
  isAtLeast,
  jsonBuffer,
  type LoginStep,
  loginOperation,
  nativeDigest,
  pamContext,
  parseJsonBuffer,
  version,
} from '@libconveyor/irods-protocol';
import { Refusal } from '../error-map.ts';
import type { Connection } from './connection.ts';
import { ConnectionFailure, hasCode } from './failure.ts';

/** Who logs in, and how. */
export interface LoginSettings {
  readonly user: string;
  readonly zone: string;
  /** `pam_password` sends the password, inside of TLS only, for one that the server makes. */
  readonly scheme: 'native' | 'pam_password';
  readonly password: string;
  /** How long the password that PAM makes is good, hours; 0: as the server likes. */
  readonly pamTtlHours: number;
  readonly ticket: string | undefined;
}

const frameworkSince = version(4, 3, 0);

/** Logs connections in. The password that PAM makes is kept for the next connection. */
export class Login {
  readonly #settings: LoginSettings;
  #generated: Promise<string> | undefined;

  constructor(settings: LoginSettings) {
    this.#settings = settings;
  }

  /** Errors: IrodsFailure (-826000 wrong password, -827000 unknown user, -993000 refused by PAM), Refusal. */
  async logIn(connection: Connection): Promise<void> {
    const { scheme, password, ticket } = this.#settings;
    if (scheme === 'native') await this.#native(connection, password);
    else await this.#pam(connection);
    if (ticket === undefined) return;
    await connection.call('ticketAdmin', {
      arg1: 'session',
      arg2: ticket,
      arg3: '',
      arg4: '',
      arg5: '',
      arg6: '',
      keyValues: [],
    });
  }

  /** The native password that PAM made; logs in with PAM when there is none yet. */
  async generatedPassword(connection: Connection): Promise<string> {
    this.#generated ??= this.#generate(connection);
    try {
      return await this.#generated;
    } catch (thrown) {
      this.#generated = undefined;
      throw thrown;
    }
  }

  async #pam(connection: Connection): Promise<void> {
    const isKnown = this.#generated !== undefined;
    try {
      await this.#native(connection, await this.generatedPassword(connection));
    } catch (thrown) {
      // The password that PAM made has expired: another one is asked for, once.
      if (!isKnown || !hasCode(thrown, -826_000, -840_000)) throw thrown;
      this.#generated = undefined;
      await this.#native(connection, await this.generatedPassword(connection));
    }
  }

  async #generate(connection: Connection): Promise<string> {
    const { user, zone, password, pamTtlHours } = this.#settings;
    if (!connection.isEncrypted) {
      throw new Refusal(
        'EACCES',
        'PAM takes the password itself, which is sent inside of TLS only; the server uses none',
      );
    }
    if (!isAtLeast(connection.server, frameworkSince)) return this.#generateOld(connection);
    const step: LoginStep = {
      scheme: 'pam_password',
      next_operation: loginOperation.request,
      user_name: user,
      zone_name: zone,
      a_pw: password,
      a_ttl: String(pamTtlHours),
    };
    const { request_result } = await this.#step(connection, step);
    if (typeof request_result !== 'string') throw new ConnectionFailure('EPROTO', 'PAM gave no password');
    return request_result;
  }

  async #generateOld(connection: Connection): Promise<string> {
    const { user, password, pamTtlHours } = this.#settings;
    const context_ = pamContext(user, password, pamTtlHours);
    const { output } = await connection.call('authPlugRequest', { auth_scheme_: 'pam', context_ });
    if (output === undefined) throw new ConnectionFailure('EPROTO', 'PAM gave no password');
    return output.result_;
  }

  async #native(connection: Connection, password: string): Promise<void> {
    const { user, zone } = this.#settings;
    if (!isAtLeast(connection.server, frameworkSince)) return this.#nativeOld(connection, password);
    const common = { scheme: 'native', user_name: user, zone_name: zone };
    const asked = await this.#step(connection, { ...common, next_operation: loginOperation.request });
    const { request_result: challenge } = asked;
    if (typeof challenge !== 'string') throw new ConnectionFailure('EPROTO', 'the server gave no challenge');
    const digest = nativeDigest(challenge, password).toString('base64');
    await this.#step(connection, { ...asked, ...common, next_operation: loginOperation.response, digest });
  }

  async #nativeOld(connection: Connection, password: string): Promise<void> {
    const { output } = await connection.call('authRequest', undefined);
    if (output === undefined) throw new ConnectionFailure('EPROTO', 'the server gave no challenge');
    const response = nativeDigest(output.challenge, password);
    await connection.call('authResponse', { response, username: this.#settings.user });
  }

  async #step(connection: Connection, step: LoginStep): Promise<LoginStep> {
    const { output } = await connection.call('authentication', jsonBuffer(step));
    return (output === undefined ? {} : parseJsonBuffer(output)) as LoginStep;
  }
}
