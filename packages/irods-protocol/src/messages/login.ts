import { bytes, integer, pointer, type Structure, structure, text } from '../packing/field.ts';
import { dimension } from './dimensions.ts';

/** The challenge of the older login: 64 bytes. */
export interface AuthRequestOut {
  challenge: Uint8Array;
}

export const authRequestOut: Structure<AuthRequestOut> = structure<AuthRequestOut>('authRequestOut_PI', [
  bytes('challenge', 64),
]);

/** The answer to it. */
export interface AuthResponseInp {
  /** 16 bytes, of {@link nativeDigest}. */
  response: Uint8Array;
  /** The proxy user, with `#zone` or without. */
  username?: string | undefined;
}

export const authResponseInp: Structure<AuthResponseInp> = structure<AuthResponseInp>('authResponseInp_PI', [
  bytes('response', 16),
  pointer('username'),
]);

/** The login by a plug-in, in 4.2. */
export interface AuthPlugReqInp {
  auth_scheme_: string;
  /** For PAM of {@link pamContext}. */
  context_: string;
}

export const authPlugReqInp: Structure<AuthPlugReqInp> = structure<AuthPlugReqInp>('authPlugReqInp_PI', [
  text('auth_scheme_', dimension.name),
  text('context_', dimension.path),
]);

export interface AuthPlugReqOut {
  /** For PAM the generated password. */
  result_: string;
}

export const authPlugReqOut: Structure<AuthPlugReqOut> = structure<AuthPlugReqOut>('authPlugReqOut_PI', [
  text('result_', dimension.longName),
]);

/** PAM in 4.2 without the limit of a context's length. */
export interface PamAuthRequestInp {
  pamUser?: string | undefined;
  pamPassword?: string | undefined;
  /** Hours; 0 for the server's default. */
  timeToLive: number;
}

export const pamAuthRequestInp: Structure<PamAuthRequestInp> = structure<PamAuthRequestInp>('pamAuthRequestInp_PI', [
  pointer('pamUser'),
  pointer('pamPassword'),
  integer('timeToLive'),
]);

export interface PamAuthRequestOut {
  irodsPamPassword?: string | undefined;
}

export const pamAuthRequestOut: Structure<PamAuthRequestOut> = structure<PamAuthRequestOut>('pamAuthRequestOut_PI', [
  pointer('irodsPamPassword'),
]);

/** Begins TLS without a negotiation. */
export interface SslStartInp {
  arg0?: string | undefined;
}

export const sslStartInp: Structure<SslStartInp> = structure<SslStartInp>('sslStartInp_PI', [pointer('arg0')]);
/** Ends TLS. */
export const sslEndInp: Structure<SslStartInp> = structure<SslStartInp>('sslEndInp_PI', [pointer('arg0')]);
