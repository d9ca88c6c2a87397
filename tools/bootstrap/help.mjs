#!/usr/bin/env node
// Lists the scripts of the top package.json. tools/tidy checks that none is missing here and none is invented.
import { scriptDescriptions } from './script-descriptions.mjs';

const width = Math.max(...Object.keys(scriptDescriptions).map((name) => name.length));
console.log('npm start, npm test, and with `npm run NAME` or `pnpm NAME`:\n');
for (const [name, description] of Object.entries(scriptDescriptions)) {
  console.log(`  ${name.padEnd(width)}  ${description}`);
}
