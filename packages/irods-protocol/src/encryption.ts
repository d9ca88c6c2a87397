import { encodeFrame, encodeHeader, type FrameHeader, frameType } from './frame.ts';

/** How the parallel transfer of old would be encrypted; it is announced once, right behind the TLS handshake. */
export interface EncryptionSettings {
  /** `AES-256-CBC`. */
  readonly algorithm: string;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes. */
  readonly saltSize: number;
  readonly hashRounds: number;
}

export const defaultEncryption: EncryptionSettings = {
  algorithm: 'AES-256-CBC',
  keySize: 32,
  saltSize: 8,
  hashRounds: 16,
};

/**
 * The two messages that a client sends inside of fresh TLS: a header without anything behind it, in whose lengths the
 * sizes are, and the shared secret. There is no reply.
 *
 * @param secret `keySize` random bytes.
 */
export function encodeEncryption(
  { algorithm, keySize, saltSize, hashRounds }: EncryptionSettings,
  secret: Uint8Array,
): Buffer {
  if (secret.length !== keySize) throw new RangeError(`the secret must have ${keySize} bytes, got ${secret.length}`);
  const settings = { type: algorithm, msgLen: keySize, errorLen: saltSize, bsLen: hashRounds, intInfo: 0 };
  return Buffer.concat([encodeHeader(settings), ...encodeFrame({ type: frameType.sharedSecret, body: secret })]);
}

/** The settings in such a header, or undefined when a size is 0. */
export function parseEncryption({ type, msgLen, errorLen, bsLen }: FrameHeader): EncryptionSettings | undefined {
  if (msgLen === 0 || errorLen === 0 || bsLen === 0) return undefined;
  return { algorithm: type, keySize: msgLen, saltSize: errorLen, hashRounds: bsLen };
}
