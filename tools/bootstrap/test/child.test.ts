import { expect, test } from 'vitest';
import { run } from '../child.mjs';

const node = (script: string, options: object = {}): ReturnType<typeof run> =>
  run(process.execPath, ['-e', script], { capture: true, ...options });

test('the exit code and both outputs arrive', async () => {
  const { code, output } = await node('console.log("a"); console.error("b"); process.exitCode = 7');
  expect(code).toBe(7);
  expect(output.split('\n').sort()).toEqual(['', 'a', 'b']);
});

test('arguments reach the program as they are', async () => {
  const args = ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', 'a b', '"$HOME"', ''];
  const { output } = await run(process.execPath, args, { capture: true });
  expect(JSON.parse(output)).toEqual(['a b', '"$HOME"', '']);
});

test('a program that is not there has code 127 and says so', async () => {
  const { code, output } = await run('no-such-program', [], { capture: true });
  expect(code).toBe(127);
  expect(output).toMatch(/no-such-program: .*ENOENT/);
});

test('a signal that ends the program shows in the code', async () => {
  expect((await node('process.kill(process.pid, "SIGTERM")')).code).toBe(128 + 15);
});

test('a program that outlives its deadline is killed', async () => {
  const { code, output } = await node('setInterval(() => {}, 1000)', { deadlineMs: 200 });
  expect(code).toBe(128 + 9);
  expect(output).toMatch(/killed after 0\.2 s/);
});
