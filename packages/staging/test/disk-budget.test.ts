import { SyncPoint, withDeadline } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { DiskBudget } from '../src/disk-budget.ts';

test('T6: two who need room at once evict in turns, and throw out no more than both need', async () => {
  const evicting = new SyncPoint('an eviction');
  let evictions = 0;
  const budget: DiskBudget = new DiskBudget({ bytes: 10, files: 10 }, async () => {
    evictions++;
    await evicting.pass('the eviction');
    budget.give(10, 1);
    return true;
  });
  expect(budget.take(10, 1)).toBe(true);
  const [one, other] = [budget.share(), budget.share()];
  const growing = Promise.all([one.grow(5), other.grow(5)]);
  await evicting.awaitArrivals(1);
  evicting.open();
  expect(await withDeadline(growing, 'both shares')).toEqual([true, true]);
  expect({ evictions, bytes: budget.bytes, files: budget.files }).toEqual({ evictions: 1, bytes: 10, files: 2 });
});
