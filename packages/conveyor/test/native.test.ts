import { constants } from 'node:fs';
import { join } from 'node:path';
import { platformName, requireFitting } from '@libconveyor/native-loader';
import { withTempDir } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { batchMax, ioKind, type NativeBinding, nativeAbi, pendingBase } from '../src/native-binding.ts';
import { loadNative } from '../src/native-loader.ts';

const native: NativeBinding = loadNative();
/** Requests of the engine that nobody has answered yet, and what operations have ended with. */
const requests: { handle: number; io: number; kind: number; buffer: Uint8Array | undefined; count: number }[] = [];
const settled = new Map<number, number>();
const batch = new Float64Array(2 * batchMax);

function attach(): void {
  native.attach(
    (count) => {
      for (let i = 0; i < 2 * count; i += 2) settled.set(batch[i] as number, batch[i + 1] as number);
    },
    (handle, io, kind, buffer, _offset, count) => requests.push({ handle, io, kind, buffer, count }),
    batch,
  );
}

test('C1: the addon refuses what is no handle, no view, no number', () => {
  const view = new Uint8Array(8);
  const [ebadf, einval, efault] = [-9, -22, -14];
  for (const handle of [0, 1, 12345, 2 ** 40, 2 ** 53 - 1]) {
    expect(native.read(handle, view, 0, 8, 0)).toBe(ebadf);
    expect(native.write(handle, view, 0, 8, 0)).toBe(ebadf);
    expect(native.seek(handle, 0, 0)).toBe(ebadf);
    expect(native.close(handle)).toBe(ebadf);
    expect(native.stats(handle)).toBe(ebadf);
    expect(native.complete(handle, 1, 0, false, undefined)).toBe(einval);
  }
  const refused = expect.objectContaining({ name: 'TypeError', code: 'ERR_CONVEYOR_ARG_TYPE' });
  const anything = native as unknown as Record<string, (...args: unknown[]) => unknown>;
  const functions = Object.keys(native).filter((name) => typeof anything[name] === 'function');
  for (const name of functions) {
    expect(() => anything[name]?.(), name).toThrow(refused);
    expect(() => anything[name]?.({}, [], 'x', Symbol('y'), null), name).toThrow(refused);
    expect(() => anything[name]?.(Number.NaN, Number.NaN, Number.NaN), name).toThrow(refused);
  }
  expect(() => native.read(-1, view, 0, 8, 0)).toThrow(refused);
  expect(() => native.read(1.5, view, 0, 8, 0)).toThrow(refused);
  expect(() => native.read(1, 'text' as unknown as Uint8Array, 0, 8, 0)).toThrow(refused);
  expect(() => native.read(1, view, 0, 8, -2)).toThrow(refused);
  expect(native.collect(0, view, 0)).toBe(einval);
  expect(native.cancel(0)).toBe(false);
  expect(efault).toBeLessThan(0);
});

test('C1: a part outside of its view is refused', () => {
  const handle = native.openJavaScript(constants.O_RDWR, 7, {});
  const view = new Uint8Array(8);
  for (const [offset, length] of [
    [0, 9],
    [9, 0],
    [4, 5],
    [2 ** 52, 2 ** 52],
  ] as const) {
    expect(native.read(handle, view, offset, length, 0)).toBe(-22);
    expect(native.writeOwn(handle, view, offset, length, 0)).toBe(-22);
  }
  expect(native.openJavaScript(3, 7, {})).toBe(-22);
  expect(native.openDescriptor(987_654, constants.O_RDONLY, {})).toBe(-9);
  expect(() => native.openJavaScript(0, 7, { maxIo: 0.5 })).toThrow(/integer/);
});

test('W3: a request is answered once: the second answer is EINVAL and changes nothing', async () => {
  attach();
  const handle = native.openJavaScript(constants.O_RDWR, 7, {});
  const outcome = native.size(handle);
  expect(outcome).toBeLessThanOrEqual(pendingBase);
  const request = requests.find((one) => one.handle === handle);
  expect(request).toMatchObject({ kind: ioKind.size });
  const io = request?.io ?? 0;
  expect(native.complete(handle, io + 1, 5, false, undefined)).toBe(-22);
  expect(native.complete(handle, io, 5, false, undefined)).toBe(0);
  expect(settled.get(pendingBase - outcome)).toBe(5);
  expect(native.complete(handle, io, 6, false, undefined)).toBe(-22);
  expect(native.size(handle)).toBeLessThanOrEqual(pendingBase);
});

test('R1: an answer larger than the view it comes with is EIO', () => {
  const handle = native.openJavaScript(constants.O_RDWR, 7, { readCapacityMax: -1 });
  const view = new Uint8Array(8);
  const outcome = native.read(handle, view, 0, 8, 0);
  const request = requests.findLast((one) => one.handle === handle && one.kind === ioKind.read);
  expect(request?.count).toBeGreaterThanOrEqual(8);
  expect(native.complete(handle, request?.io ?? 0, 8, false, new Uint8Array(7))).toBe(0);
  expect(settled.get(pendingBase - outcome)).toBe(-5);
});

test('the loader says what it looked for and how to build it', async () => {
  expect(platformName()).toMatch(/^[a-z0-9]+-[a-z0-9]+/);
  await withTempDir(async (folder) => {
    const absent = join(folder, 'conveyor.node');
    expect(() => loadNative({ CONVEYOR_NATIVE_PATH: absent })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONVEYOR_NATIVE_MISSING',
        kind: 'missing-part',
        message: expect.stringContaining(`${absent} does not load; CONVEYOR_NATIVE_PATH names it`),
      }),
    );
  });
});

test('an addon from other sources is refused', () => {
  const other = { ...native, abi: nativeAbi + 1 };
  expect(() => requireFitting(other, nativeAbi, '/an/addon', 'build it')).toThrow(
    expect.objectContaining({
      code: 'ERR_CONVEYOR_NATIVE_MISSING',
      detail: `/an/addon was built from other sources (interface ${other.abi}, needed is ${nativeAbi}); build it`,
    }),
  );
});

test('C1: two copies of the package in one thread have nothing to do with each other', () => {
  const copy = loadNative();
  const mine = native.openJavaScript(constants.O_RDWR, 7, {});
  let asked = 0;
  copy.attach(
    () => undefined,
    () => asked++,
    new Float64Array(2 * batchMax),
  );
  const theirs = copy.openJavaScript(constants.O_RDWR, 7, {});
  const before = requests.length;
  copy.size(theirs);
  expect([asked, requests.length]).toEqual([1, before]);
  native.size(mine);
  expect([asked, requests.length]).toEqual([1, before + 1]);
  expect(() =>
    copy.attach(
      () => undefined,
      () => undefined,
      new Float64Array(2 * batchMax),
    ),
  ).toThrow(/once/);
});
