import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteRing, type Pieces } from '../src/index.ts';

const outOfRange = expect.objectContaining({ name: 'RangeError', code: 'ERR_CONVEYOR_ARG_RANGE' });
const wrongType = expect.objectContaining({ name: 'TypeError', code: 'ERR_CONVEYOR_ARG_TYPE' });
const bytes = (text: string) => new TextEncoder().encode(text);
const join = ({ first, second }: Pieces) => Buffer.concat([first, second]);

function read(ring: ByteRing, position: number, length: number): Buffer {
  const out = Buffer.alloc(length);
  ring.copyOut(position, out);
  return out;
}

test('starts without memory', () => {
  const ring = new ByteRing({ start: 77 });
  expect([ring.capacity, ring.vacant, ring.head, ring.tail]).toEqual([0, 0, 77, 77]);
  expect(ring.write(bytes('x'))).toBeUndefined();
  expect(ring.write(new Uint8Array(0))).toBe(77);
  expect(join(ring.view(77, 0)).length).toBe(0);
});

test('positions rise and never wrap', () => {
  const ring = new ByteRing({ capacity: 64 });
  let expected = 0;
  for (let round = 0; round < 100; round++) {
    const data = new Uint8Array(round % 40).fill(round);
    expect(ring.write(data)).toBe(expected);
    expect(read(ring, expected, data.length).equals(data)).toBe(true);
    expected += data.length;
    ring.release(ring.tail);
  }
  expect(ring.head).toBe(expected);
});

test('positions far past 32 bits lie at p mod capacity', () => {
  const start = 2 ** 40 + 60;
  const ring = new ByteRing({ capacity: 64, start });
  expect(ring.write(bytes('abcdefgh'))).toBe(start);
  expect(read(ring, start + 2, 4).toString()).toBe('cdef');
  expect(String.fromCharCode(ring.memory[start % 64] as number, ring.memory[3] as number)).toBe('ah');
  ring.resize(128);
  expect(String.fromCharCode(ring.memory[start % 128] as number)).toBe('a');
});

test('a range over the wrap is two pieces of the memory itself', () => {
  const ring = new ByteRing({ capacity: 64, start: 60 });
  ring.write(bytes('abcdefgh'));
  const { first, second } = ring.view(60, 8);
  expect([first.length, second.length, second.byteOffset]).toEqual([4, 4, 0]);
  first[0] = 'A'.charCodeAt(0);
  expect(read(ring, 60, 8).toString()).toBe('Abcdefgh');
});

test('full, exactly full, and commit', () => {
  const ring = new ByteRing({ capacity: 64 });
  expect(ring.write(new Uint8Array(64))).toBe(0);
  expect(ring.write(new Uint8Array(1))).toBeUndefined();
  ring.release(10);
  const { first, second } = ring.vacantPieces();
  expect([first.length, second.length]).toEqual([10, 0]);
  first.fill(9);
  ring.commit(4);
  expect(read(ring, 64, 4)).toEqual(Buffer.alloc(4, 9));
  expect(() => ring.commit(7)).toThrow(outOfRange);
  expect(ring.vacant).toBe(6);
});

test('misuse is refused and changes nothing', () => {
  const ring = new ByteRing({ capacity: 64, start: 100 });
  ring.write(bytes('abcdefgh'));
  ring.release(102);
  for (const position of [0, 101, 106, 109, -1, 102.5, Number.NaN, 2 ** 53]) {
    expect(() => ring.view(position, 3)).toThrow(outOfRange);
    expect(() => ring.copyOut(position, new Uint8Array(3))).toThrow(outOfRange);
    expect(() => ring.overwrite(position, new Uint8Array(3))).toThrow(outOfRange);
  }
  for (const position of [101, 109, Number.NaN]) expect(() => ring.release(position)).toThrow(outOfRange);
  expect(() => ring.view(104, -1)).toThrow(outOfRange);
  expect(() => ring.view(104, Number.POSITIVE_INFINITY)).toThrow(outOfRange);
  expect(() => ring.write('text' as never)).toThrow(wrongType);
  expect(() => ring.overwrite(104, [1] as never)).toThrow(wrongType);
  expect(() => ring.copyOut(104, null as never)).toThrow(wrongType);
  expect(read(ring, 102, 6).toString()).toBe('cdefgh');
});

test.each([
  [{ capacity: 100 }, outOfRange],
  [{ capacity: 32 }, outOfRange],
  [{ capacity: -64 }, outOfRange],
  [{ capacity: 2 ** 31 }, outOfRange],
  [{ capacity: 64.5 }, outOfRange],
  [{ capacity: '64' }, wrongType],
  [{ start: -1 }, outOfRange],
  [{ shared: 1 }, wrongType],
  [{ size: 64 }, expect.objectContaining({ code: 'ERR_CONVEYOR_UNKNOWN_OPTION' })],
  [7, wrongType],
])('the options %j are refused', (options, error) => {
  expect(() => new ByteRing(options as never)).toThrow(error);
});

test('resize keeps positions, and views keep the old memory', () => {
  const ring = new ByteRing({ capacity: 64, start: 60, shared: true });
  expect(ring.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
  ring.write(bytes('abcdefgh'));
  const inFlight = ring.view(60, 8);
  const old = ring.resize(256);
  expect(old.buffer).toBe(inFlight.first.buffer);
  ring.overwrite(60, bytes('ABCDEFGH'));
  expect(join(inFlight).toString()).toBe('abcdefgh');
  expect(read(ring, 60, 8).toString()).toBe('ABCDEFGH');
  expect(ring.write(new Uint8Array(248))).toBe(68);
  expect(() => ring.resize(128)).toThrow(outOfRange);
  expect(() => ring.resize(0)).toThrow(outOfRange);
  ring.release(ring.tail);
  ring.resize(0);
  expect([ring.capacity, ring.tail]).toEqual([0, 316]);
});

test('positions end at 2^53', () => {
  const ring = new ByteRing({ capacity: 64, start: Number.MAX_SAFE_INTEGER - 3 });
  expect(() => ring.write(new Uint8Array(4))).toThrow(outOfRange);
  expect(ring.write(new Uint8Array(3))).toBe(Number.MAX_SAFE_INTEGER - 3);
});

/** All bytes ever written, by position. */
interface Model {
  start: number;
  head: number;
  written: number[];
  capacity: number;
}

const tailOf = (model: Model) => model.start + model.written.length;
type Command = fc.Command<Model, ByteRing>;

/** A command that every state allows: what it does there, the model decides. */
function command(name: string, run: (model: Model, ring: ByteRing) => void): Command {
  return { check: () => true, run, toString: () => name };
}

const data = fc.uint8Array({ maxLength: 90 });
/** A position near the live range, as a share of it; a little outside too. */
const place = fc.integer({ min: -3, max: 130 });
const at = (model: Model, offset: number) => model.head + Math.min(offset, tailOf(model) - model.head + 3);
const isLive = (model: Model, position: number, length: number) =>
  position >= model.head && position <= tailOf(model) && length <= tailOf(model) - position;

const commands: fc.Arbitrary<Command>[] = [
  data.map((content) =>
    command(`write ${content.length}`, (model, ring) => {
      const fits = content.length <= model.capacity - (tailOf(model) - model.head);
      expect(ring.write(content)).toBe(fits ? tailOf(model) : undefined);
      if (fits) model.written.push(...content);
    }),
  ),
  fc.tuple(place, data).map(([offset, content]) =>
    command(`overwrite ${offset} ${content.length}`, (model, ring) => {
      const position = at(model, offset);
      if (!isLive(model, position, content.length)) {
        expect(() => ring.overwrite(position, content)).toThrow(outOfRange);
        return;
      }
      ring.overwrite(position, content);
      model.written.splice(position - model.start, content.length, ...content);
    }),
  ),
  fc.tuple(place, fc.nat(90)).map(([offset, length]) =>
    command(`view ${offset} ${length}`, (model, ring) => {
      const position = at(model, offset);
      if (!isLive(model, position, length)) {
        expect(() => ring.view(position, length)).toThrow(outOfRange);
        return;
      }
      const from = position - model.start;
      const expected = Buffer.from(model.written.slice(from, from + length));
      expect(join(ring.view(position, length)).equals(expected)).toBe(true);
      expect(read(ring, position, length).equals(expected)).toBe(true);
    }),
  ),
  place.map((offset) =>
    command(`release ${offset}`, (model, ring) => {
      const position = at(model, offset);
      if (!isLive(model, position, 0)) {
        expect(() => ring.release(position)).toThrow(outOfRange);
        return;
      }
      ring.release(position);
      model.head = position;
    }),
  ),
  fc.constantFrom(0, 64, 128, 256).map((capacity) =>
    command(`resize ${capacity}`, (model, ring) => {
      if (capacity < tailOf(model) - model.head) {
        expect(() => ring.resize(capacity)).toThrow(outOfRange);
        return;
      }
      expect(ring.resize(capacity).length).toBe(model.capacity);
      model.capacity = capacity;
    }),
  ),
];

test('behaves as an array of bytes with a head', () => {
  const property = (start: number, steps: Iterable<Command>) => {
    const model: Model = { start, head: start, written: [], capacity: 128 };
    const ring = new ByteRing({ start, capacity: 128 });
    fc.modelRun(() => ({ model, real: ring }), steps);
    expect([ring.head, ring.tail, ring.used]).toEqual([model.head, tailOf(model), tailOf(model) - model.head]);
    const live = Buffer.from(model.written.slice(model.head - model.start));
    expect(read(ring, model.head, live.length).equals(live)).toBe(true);
  };
  const start = fc.constantFrom(0, 100, 2 ** 32 - 50, 2 ** 50 + 33);
  fc.assert(fc.property(start, fc.commands(commands, { maxCommands: 100 }), property), { numRuns: 300 });
});
