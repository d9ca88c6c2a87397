import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { mulberry32 } from './rounds.mjs';

/** A line of hexadecimal text holds this many bytes. */
const lineBytes = 40;

/**
 * The bytes of a kept input: hexadecimal, and comments from `#` to the end of the line.
 *
 * @param {string} text
 * @returns {Buffer}
 */
export function parseHex(text) {
  const digits = text.replace(/#.*$/gm, '').replace(/\s+/g, '');
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error('not hexadecimal');
  return Buffer.from(digits, 'hex');
}

/** A kept input as text. @param {Uint8Array} bytes @param {string} comment */
export function formatHex(bytes, comment) {
  const digits = Buffer.from(bytes).toString('hex');
  const lines = digits.match(new RegExp(`.{1,${2 * lineBytes}}`, 'g')) ?? [];
  return `${[`# ${comment}`, ...lines].join('\n')}\n`;
}

/**
 * Turns the kept inputs into the files that libFuzzer reads.
 *
 * @param {string} from Folder of `*.hex`.
 * @param {string} to Made where it is not there.
 */
export function unpackInputs(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from).filter((name) => name.endsWith('.hex'))) {
    writeFileSync(join(to, basename(name, '.hex')), parseHex(readFileSync(join(from, name), 'utf8')));
  }
}

/**
 * Seeds: every input is a scenario, so numbers without a plan reach all of them. The same seed gives the same inputs.
 *
 * @param {{count: number, seed: number}} plan
 * @returns {Uint8Array[]}
 */
export function makeSeeds({ count, seed }) {
  const random = mulberry32(seed);
  return Array.from({ length: count }, (_, index) => {
    const length = [40, 80, 160, 320][index % 4];
    return Uint8Array.from({ length }, () => Math.floor(random() * 256));
  });
}
