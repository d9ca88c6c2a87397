import { createHash } from 'node:crypto';

const challengeLength = 64;
/** A password counts so many bytes. */
export const passwordLengthMax = 50;

/**
 * The answer to a challenge: MD5 of the challenge and the password, each cut or filled with zeros to its length, and
 * every zero byte of it made a one.
 *
 * @param challenge Its text in the JSON flow, its bytes in the older one: 64 bytes.
 */
export function nativeDigest(challenge: string | Uint8Array, password: string): Buffer {
  const input = Buffer.alloc(challengeLength + passwordLengthMax);
  const given = typeof challenge === 'string' ? Buffer.from(challenge, 'utf8') : challenge;
  input.set(given.subarray(0, challengeLength));
  input.set(Buffer.from(password, 'utf8').subarray(0, passwordLengthMax), challengeLength);
  const digest = createHash('md5').update(input).digest();
  for (let index = 0; index < digest.length; index++) if (digest[index] === 0) digest[index] = 1;
  return digest;
}

/** The session's signature: the first 16 bytes of the challenge in hexadecimal. */
export function sessionSignature(challenge: string | Uint8Array): string {
  const given = typeof challenge === 'string' ? Buffer.from(challenge, 'utf8') : Buffer.from(challenge);
  return given.subarray(0, 16).toString('hex');
}
