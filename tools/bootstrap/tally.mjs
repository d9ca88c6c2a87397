/**
 * What test runners say at their end, as one thing that can be added up.
 *
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/** @type {Tally} */
export const nothing = { passed: 0, failed: 0, skipped: 0 };

/** @param {Tally[]} tallies @returns {Tally} */
export function sum(tallies) {
  return tallies.reduce(
    (total, { passed, failed, skipped }) => ({
      passed: total.passed + passed,
      failed: total.failed + failed,
      skipped: total.skipped + skipped,
    }),
    nothing,
  );
}

/** The closing line. @param {Tally} tally */
export const closingLine = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

/**
 * The tally of the last closing line in a runner's output.
 *
 * @param {string} output
 * @returns {Tally | undefined} undefined where there is none: the runner died before its end.
 */
export function readClosingLine(output) {
  const lines = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)];
  const last = lines.at(-1);
  if (!last) return undefined;
  const [, passed, failed, skipped] = last.map(Number);
  return { passed, failed, skipped };
}

/**
 * The tally of a runner that ended with an exit code. An end that contradicts the closing line (a crash after the
 * tests, a leak report, a runner that found no test) is a failure of its own.
 *
 * @param {{code: number, output: string}} outcome
 * @returns {Tally}
 */
export function tallyOf({ code, output }) {
  const said = readClosingLine(output) ?? nothing;
  const contradicts = (code !== 0 && said.failed === 0) || said.passed + said.failed + said.skipped === 0;
  return contradicts ? { ...said, failed: said.failed + 1 } : said;
}
