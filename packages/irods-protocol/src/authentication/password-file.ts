/** What `iinit` writes to `~/.irods/.irodsA`, and how it is read. It hides a password from a glance, no more. */

const patterns = [
  0xd768b678, 0xedfdaf56, 0x2420231b, 0x987098d8, 0xc1bdfeee, 0xf572341f, 0x478def3a, 0xa830d343, 0x774dfa2a,
  0x6720731e, 0x346fa320, 0x6ffdf43a, 0x7723a320, 0xdf67d02e, 0x86ad240a, 0xe76d342e,
];
const digits = '0123456789';
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const wheel = `${digits}${letters}${letters.toLowerCase()}!"#$%&'()*+,-./`;
const headerLength = 5;
/** The longest password that such a file takes, bytes. */
export const storedPasswordLengthMax = 42;
/** The time in the file may differ so much from the file's own, seconds. */
const mtimeToleranceSeconds = 20;
const keyBase = 'e'.charCodeAt(0);
const letterBase = 'a'.charCodeAt(0);

/** What the hiding depends on. */
export interface PasswordFileFacts {
  /** The numeric user id of the process. */
  readonly uid: number;
  /** When the file was last written, whole seconds since 1970. */
  readonly mtimeSeconds: number;
}

/**
 * The content of a password file. Its modification time must be set to the one given.
 *
 * @param pattern Which of 16 patterns hides it, 0 to 15.
 * Errors: RangeError when the password is longer than 42 bytes.
 */
export function hidePassword(password: string, facts: PasswordFileFacts, pattern = 0): Buffer {
  if (Buffer.byteLength(password) > storedPasswordLengthMax) {
    throw new RangeError(`a stored password has at most ${storedPasswordLengthMax} bytes`);
  }
  const low = facts.mtimeSeconds & 0xffff;
  const nibble = (shift: number): string => String.fromCharCode(letterBase + ((low >> shift) & 15));
  const first = String.fromCharCode('S'.charCodeAt(0) - 2 * (pattern & 7));
  const header = `${first}${nibble(4)}${nibble(0)}${nibble(12)}${nibble(8)}`;
  const bytes = Buffer.from(header + password, 'utf8').toString('latin1');
  const hidden = walk(bytes, pattern, facts.uid, 1);
  const key = String.fromCharCode(keyBase + pattern);
  return Buffer.from(`.${hidden.slice(0, headerLength)}${key}${hidden.slice(headerLength)}\0`, 'latin1');
}

/**
 * The password in such a file. A file that is not hidden, or whose time does not match, is the password itself, as for
 * the C client.
 */
export function revealPassword(content: Uint8Array, facts: PasswordFileFacts): string {
  const all = Buffer.from(content).toString('latin1');
  const end = all.indexOf('\0');
  const text = (end === -1 ? all : all.slice(0, end)).replace(/\n+$/, '');
  const asIs = Buffer.from(text, 'latin1').toString('utf8');
  if (!text.startsWith('.') || text.length < headerLength + 2) return asIs;
  const pattern = text.charCodeAt(headerLength + 1) - keyBase;
  if (pattern < 0 || pattern > 15) return asIs;
  const shown = walk(text.slice(1, headerLength + 1) + text.slice(headerLength + 2), pattern, facts.uid, -1);
  if (!isHeaderOf(shown.slice(0, headerLength), pattern, facts.mtimeSeconds)) return asIs;
  return Buffer.from(shown.slice(headerLength), 'latin1').toString('utf8');
}

function isHeaderOf(header: string, pattern: number, mtimeSeconds: number): boolean {
  if (header.charCodeAt(0) !== 'S'.charCodeAt(0) - 2 * (pattern & 7)) return false;
  const nibble = (index: number): number => header.charCodeAt(index) - letterBase;
  const time = (nibble(1) << 4) | nibble(2) | (nibble(3) << 12) | (nibble(4) << 8);
  const apart = Math.abs(time - (mtimeSeconds & 0xffff));
  return Math.min(apart, 0x10000 - apart) < mtimeToleranceSeconds;
}

/** Turns every character of the wheel by steps that depend on the pattern; a walk back undoes a walk forth. */
function walk(text: string, pattern: number, uid: number, direction: 1 | -1): string {
  const steps = patterns[pattern] as number;
  let shift = 0;
  let walked = '';
  for (const character of text) {
    const step = ((steps >>> shift) & 31) + (uid & 0xf5f);
    shift = shift + 3 > 28 ? 0 : shift + 3;
    const index = wheel.indexOf(character);
    if (index === -1) walked += character;
    else walked += wheel[(((index + direction * step) % wheel.length) + wheel.length) % wheel.length];
  }
  return walked;
}
