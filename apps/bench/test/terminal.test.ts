import { expect, test } from 'vitest';
import { shownLength, styled, terminalOf } from '../src/terminal.ts';

const tty = { isTTY: true, columns: 132 };

test('a file or a pipe gets plain text of 80 columns', () => {
  expect(terminalOf({}, { LANG: 'en_US.UTF-8' })).toEqual({ width: 80, isInteractive: false, hasBlocks: false });
  expect(styled(terminalOf({}, {}), 'green', 'x')).toBe('x');
});

test('a terminal gets styles, and blocks where its locale has them', () => {
  expect(terminalOf(tty, { LANG: 'de_DE.utf8' })).toEqual({ width: 100, isInteractive: true, hasBlocks: true });
  expect(terminalOf(tty, { LANG: 'C' }).hasBlocks).toBe(false);
  expect(terminalOf(tty, { LC_ALL: 'C', LANG: 'de_DE.utf8' }).hasBlocks).toBe(false);
  expect(terminalOf({ isTTY: true, columns: 20 }, {}).width).toBe(60);
});

test('NO_COLOR and dumb terminals get no styles', () => {
  expect(terminalOf(tty, { NO_COLOR: '1' }).isInteractive).toBe(false);
  expect(terminalOf(tty, { TERM: 'dumb' }).isInteractive).toBe(false);
});

test('styles take no room', () => {
  const text = styled(terminalOf(tty, {}), 'bold', 'four');
  expect(text.length).toBeGreaterThan(4);
  expect(shownLength(text)).toBe(4);
});
