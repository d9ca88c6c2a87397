import { performance } from 'node:perf_hooks';

/**
 * Runs one part of a longer job and reports it in a line on standard error: its name at once, then its time.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(name, work) {
  const begin = performance.now();
  const seconds = () => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
  if (process.stderr.isTTY) process.stderr.write(`${name} ...`);
  const report = (mark) =>
    process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}${mark} ${name} (${seconds()})\n`);
  try {
    const result = await work();
    report('ok  ');
    return result;
  } catch (error) {
    report('FAIL');
    throw error;
  }
}
