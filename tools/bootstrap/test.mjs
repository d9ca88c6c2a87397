#!/usr/bin/env node
// The repository's tests: `node tools/bootstrap/test.mjs [SUITE...]`, all suites where none is named. One line per
// suite, the full output of those that fail, and the sum of all runners in the last line.
import { Complaint, runMain } from './complaint.mjs';
import { checkMachine } from './machine.mjs';
import { pnpmIsHere } from './pinned-pnpm.mjs';
import { ensureInstalled } from './ready.mjs';
import { suites } from './suites.mjs';
import { closingLine, sum } from './tally.mjs';

const seconds = (beginMs) => `${((performance.now() - beginMs) / 1000).toFixed(1)} s`;

await runMain(async () => {
  const chosen = choose(process.argv.slice(2));
  await checkMachine({ needsNpm: !pnpmIsHere() });
  await ensureInstalled();
  const beginMs = performance.now();
  const tallies = [];
  for (const suite of chosen) {
    tallies.push(await report(suite));
    // Nothing can be said about code that does not build.
    if (suite.isBuild && tallies.at(-1).failed > 0) break;
  }
  const total = sum(tallies);
  if (total.passed === 0) console.log('FAIL no test has passed');
  console.log(`in ${seconds(beginMs)}:`);
  console.log(closingLine(total));
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
});

function choose(names) {
  const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    const known = suites.map((suite) => suite.name).join(', ');
    throw new Complaint(`There is no suite ${unknown.join(', ')}; the suites are ${known}.`);
  }
  return names.length === 0 ? suites : suites.filter((suite) => names.includes(suite.name));
}

/** Runs one suite. @param {import('./suites.mjs').Suite} suite */
async function report(suite) {
  const beginMs = performance.now();
  if (process.stdout.isTTY) process.stdout.write(`...  ${suite.title}`);
  const { tally, output } = await suite.run();
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  const failed = tally.failed > 0;
  if (failed) process.stdout.write(`\n===== ${suite.name}\n${output.trimEnd()}\n=====\n`);
  const counts = suite.counts || failed ? `: ${closingLine(tally)}` : '';
  console.log(`${failed ? 'FAIL' : 'ok  '} ${suite.title} (${seconds(beginMs)})${counts}`);
  if (!failed) for (const line of output.matchAll(/^SKIP .*$/gm)) console.log(`       ${line[0]}`);
  return tally;
}
