import { randomBytes } from 'node:crypto';
import {
  type AuthPlugReqInp,
  type AuthPlugReqOut,
  type AuthRequestOut,
  type AuthResponseInp,
  type BytesBuffer,
  isAtLeast,
  jsonBuffer,
  type LoginStep,
  loginOperation,
  nativeDigest,
  type PamAuthRequestInp,
  type PamAuthRequestOut,
  parseJsonBuffer,
  parsePamContext,
  version,
} from '@libconveyor/irods-protocol';
import { IrodsFailure } from '../irods-failure.ts';
import type { ApiCall, ApiReply, Session } from './api-call.ts';

function newChallenge(session: Session): string {
  session.challenge = randomBytes(32).toString('hex');
  return session.challenge;
}

function logIn({ zone, session }: ApiCall<unknown>, name: string, digest: Uint8Array): void {
  const { challenge } = session;
  session.challenge = undefined;
  if (challenge === undefined) throw new IrodsFailure('CAT_INVALID_AUTHENTICATION');
  if (session.userZone !== zone.catalog.zone) throw new IrodsFailure('CAT_INVALID_USER');
  const proxy = zone.users.requireLogin(name, (password) => nativeDigest(challenge, password).equals(digest));
  const isAdmin = proxy.type === 'rodsadmin';
  if (session.clientUser !== name && !isAdmin) throw new IrodsFailure('SYS_PROXYUSER_NO_PRIV');
  const client = zone.users.find(session.clientUser);
  if (client === undefined) throw new IrodsFailure('CAT_INVALID_USER');
  session.person = { user: client.name, isAdmin: client.type === 'rodsadmin', ticket: undefined };
}

/** AUTH_REQUEST, the older login. */
export function authRequest({ session, zone }: ApiCall<undefined>): ApiReply<AuthRequestOut> {
  const output = { challenge: Buffer.from(newChallenge(session), 'latin1') };
  if (!isAtLeast(zone.version, version(5, 0, 0))) return { output };
  const msg = 'The older login is deprecated: update the client to the authentication plug-ins.';
  return { output, messages: [{ status: -3_002_000, msg }] };
}

/** AUTH_RESPONSE */
export function authResponse(call: ApiCall<AuthResponseInp>): ApiReply<undefined> {
  const { response, username } = call.input;
  logIn(call, username?.split('#')[0] ?? call.session.proxyUser, response);
  return {};
}

/** AUTHENTICATION: the login by JSON. */
export function authentication(call: ApiCall<BytesBuffer>): ApiReply<BytesBuffer> {
  const step = parseJsonBuffer(call.input) as Partial<LoginStep>;
  const isNew = isAtLeast(call.zone.version, version(5, 0, 0));
  if (step.scheme === 'pam_password') return { output: jsonBuffer(pamStep(call, step), true) };
  if (step.scheme !== 'native')
    throw new IrodsFailure(isNew ? 'PLUGIN_ERROR_MISSING_SHARED_OBJECT' : 'AUTHENTICATION_ERROR');
  if (step.next_operation === loginOperation.request) {
    return { output: jsonBuffer({ ...step, request_result: newChallenge(call.session) }, true) };
  }
  if (step.next_operation !== loginOperation.response) throw new IrodsFailure('SYS_INVALID_INPUT_PARAM');
  if (step.user_name === undefined || step.digest === undefined) throw new IrodsFailure('SYS_INVALID_INPUT_PARAM');
  logIn(call, step.user_name, Buffer.from(step.digest, 'base64'));
  return { output: jsonBuffer(step, true) };
}

function pamStep({ zone, session }: ApiCall<unknown>, step: Partial<LoginStep>): object {
  if (!session.isEncrypted) throw new IrodsFailure('SYS_NOT_ALLOWED');
  if (step.next_operation !== loginOperation.request) throw new IrodsFailure('SYS_INVALID_INPUT_PARAM');
  const { a_pw = '', a_ttl = '0', user_name = session.proxyUser, ...rest } = step;
  if (!/^\d{1,4}$/.test(a_ttl)) throw new IrodsFailure('PAM_AUTH_PASSWORD_INVALID_TTL');
  const password = zone.users.generatePassword(user_name, a_pw, Number(a_ttl));
  return { ...rest, user_name, request_result: password };
}

/** AUTH_PLUG_REQ: PAM in 4.2. */
export function authPlugRequest({ zone, session, input }: ApiCall<AuthPlugReqInp>): ApiReply<AuthPlugReqOut> {
  if (input.auth_scheme_.toLowerCase() !== 'pam') throw new IrodsFailure('USER_AUTH_SCHEME_ERR');
  const values = parsePamContext(input.context_);
  const [name = session.proxyUser, password = '', ttl = '0'] = ['a_user', 'a_pw', 'a_ttl'].map((key) =>
    values.get(key),
  );
  return { output: { result_: zone.users.generatePassword(name, password, Number(ttl) || 0) } };
}

/** PAM_AUTH_REQUEST: the same without a limit. */
export function pamAuthRequest({ zone, session, input }: ApiCall<PamAuthRequestInp>): ApiReply<PamAuthRequestOut> {
  const { pamUser = session.proxyUser, pamPassword = '', timeToLive } = input;
  return { output: { irodsPamPassword: zone.users.generatePassword(pamUser, pamPassword, timeToLive) } };
}
