import { randomBytes } from 'node:crypto';
import { IrodsFailure } from '../irods-failure.ts';

/** Somebody who may come in. */
export interface EmulatorUser {
  readonly name: string;
  /** Empty for `anonymous`. */
  readonly password: string;
  /** The password that PAM knows; without one PAM refuses. */
  readonly pamPassword?: string | undefined;
  /** Default `rodsuser`. */
  readonly type?: 'rodsuser' | 'rodsadmin' | undefined;
}

interface GeneratedPassword {
  readonly password: string;
  readonly expiresMs: number;
}

/** Who may come in; may be changed at any time. */
export class UserStore {
  readonly #users = new Map<string, EmulatorUser>();
  readonly #generated = new Map<string, GeneratedPassword[]>();
  readonly #nowMs: () => number;

  constructor(users: readonly EmulatorUser[], nowMs: () => number) {
    for (const user of users) this.set(user);
    this.#nowMs = nowMs;
  }

  set(user: EmulatorUser): void {
    this.#users.set(user.name, user);
  }

  remove(name: string): void {
    this.#users.delete(name);
  }

  find(name: string): EmulatorUser | undefined {
    return this.#users.get(name);
  }

  get all(): readonly EmulatorUser[] {
    return [...this.#users.values()];
  }

  /** Makes every password that PAM gave out expire now. */
  expirePamPasswords(): void {
    for (const [name, passwords] of this.#generated) {
      const expired = passwords.map(({ password }) => ({ password, expiresMs: Number.NEGATIVE_INFINITY }));
      this.#generated.set(name, expired);
    }
  }

  /** A password for an account that PAM let in. Errors: IrodsFailure (-993000). */
  generatePassword(name: string, pamPassword: string, ttlHours: number): string {
    const user = this.find(name);
    if (user?.pamPassword === undefined || user.pamPassword !== pamPassword) {
      throw new IrodsFailure('PAM_AUTH_PASSWORD_FAILED');
    }
    const password = randomBytes(18).toString('base64url');
    const expiresMs = this.#nowMs() + (ttlHours === 0 ? 24 : ttlHours) * 3_600_000;
    this.#generated.set(name, [...(this.#generated.get(name) ?? []), { password, expiresMs }]);
    return password;
  }

  /**
   * Requires a login that is right.
   *
   * @param isRight Whether the answer to the challenge was made with a password.
   * Errors: IrodsFailure (-827000 unknown, -840000 expired, -826000 wrong).
   */
  requireLogin(name: string, isRight: (password: string) => boolean): EmulatorUser {
    const user = this.find(name);
    if (user === undefined) throw new IrodsFailure('CAT_INVALID_USER');
    if (isRight(user.password)) return user;
    const generated = this.#generated.get(name)?.find(({ password }) => isRight(password));
    if (generated === undefined) throw new IrodsFailure('CAT_INVALID_AUTHENTICATION');
    if (generated.expiresMs <= this.#nowMs()) throw new IrodsFailure('CAT_PASSWORD_EXPIRED');
    return user;
  }
}
