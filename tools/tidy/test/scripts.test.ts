import { expect, test } from 'vitest';
import { checkScripts } from '../src/scripts.ts';

const manifest = { path: 'package.json', text: JSON.stringify({ scripts: { start: 'a', test: 'b' } }) };

test('described scripts are fine', () => {
  expect(checkScripts([manifest], { start: 'runs', test: 'tests' })).toEqual([]);
});

test('a script without a description, and a description without a script', () => {
  const messages = checkScripts([manifest], { start: 'runs', stop: 'halts' }).map(({ message }) => message);
  expect(messages).toEqual([expect.stringContaining('test has no line'), 'there is no script stop']);
});
