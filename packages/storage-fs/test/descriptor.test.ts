import { describe, expect, test } from 'vitest';
import { transferAll } from '../src/descriptor.ts';
import { mapError } from '../src/error-map.ts';

const details = { origin: 'storage-fs', operation: 'read', path: '/file' };
const interrupted = () => Object.assign(new Error('interrupted'), { code: 'EINTR' });

/** A transfer that answers with these counts or errors, and a record of what it was asked. */
function script(steps: readonly (number | Error)[]) {
  const asked: [done: number, length: number][] = [];
  let step = 0;
  const transfer = async (part: Uint8Array, done: number) => {
    asked.push([done, part.byteLength]);
    const answer = steps[Math.min(step++, steps.length - 1)];
    if (typeof answer === 'number') return answer;
    throw answer;
  };
  return { asked, transfer };
}

const goOn = () => undefined;

describe('transfers', () => {
  test('short ones are continued where they ended', async () => {
    const { asked, transfer } = script([3, 1, 6]);
    expect(await transferAll(new Uint8Array(10), transfer, goOn)).toBe(10);
    expect(asked).toEqual([
      [0, 10],
      [3, 7],
      [4, 6],
    ]);
  });

  test('one that moves nothing ends them', async () => {
    expect(await transferAll(new Uint8Array(10), script([4, 0]).transfer, goOn)).toBe(4);
    expect(await transferAll(new Uint8Array(10), script([0]).transfer, goOn)).toBe(0);
  });

  test('lesson 15: interrupted ones are repeated, but not for ever', async () => {
    const { asked, transfer } = script([interrupted(), interrupted(), 5, interrupted(), 5]);
    expect(await transferAll(new Uint8Array(10), transfer, goOn)).toBe(10);
    expect(asked.map(([done]) => done)).toEqual([0, 0, 0, 5, 5]);
    const endless = script([interrupted()]);
    await expect(transferAll(new Uint8Array(10), endless.transfer, goOn)).rejects.toMatchObject({ code: 'EINTR' });
    expect(endless.asked).toHaveLength(101);
  });

  test('other errors end them at once', async () => {
    const { asked, transfer } = script([5, Object.assign(new Error(), { code: 'EIO' })]);
    await expect(transferAll(new Uint8Array(10), transfer, goOn)).rejects.toMatchObject({ code: 'EIO' });
    expect(asked).toHaveLength(2);
  });

  test('between two of them somebody may stop it', async () => {
    const { asked, transfer } = script([1]);
    const stop = () => {
      if (asked.length === 3) throw new Error('stopped');
    };
    await expect(transferAll(new Uint8Array(10), transfer, stop)).rejects.toThrow('stopped');
    expect(asked).toHaveLength(3);
  });
});

describe('the error map', () => {
  test('keeps the errno, and the original as cause', () => {
    const cause = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28 });
    expect(mapError(cause, details)).toMatchObject({ ...details, code: 'ENOSPC', errno: -28, kind: 'no-space', cause });
  });

  test('finds an errno that has no name in Node', () => {
    const cause = Object.assign(new Error('Unknown system error -117'), {
      code: 'Unknown system error -117',
      errno: -117,
    });
    expect(mapError(cause, details)).toMatchObject({ code: 'EUCLEAN', cause });
  });

  test.each([undefined, null, 'text', new Error('what?'), { code: 'ERR_SOMETHING' }, { errno: -99_999 }])(
    'takes what it does not know for EIO: %j',
    (thrown) => {
      expect(mapError(thrown, details)).toMatchObject({ ...details, code: 'EIO', retry: 'never' });
    },
  );
});
