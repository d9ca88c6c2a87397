import { Prng } from '@libconveyor/testkit';
import { expect, test } from 'vitest';
import { IntervalSet } from '../src/interval-set.ts';

const length = 64;

/** The same questions, asked of a byte array. */
class ByteModel {
  readonly #bytes = new Array<boolean>(length).fill(false);

  add(begin: number, end: number): void {
    this.#bytes.fill(true, begin, Math.max(begin, end));
  }

  get bytes(): number {
    return this.#bytes.filter(Boolean).length;
  }

  covers(begin: number, end: number): boolean {
    return this.#bytes.slice(begin, Math.max(begin, end)).every(Boolean);
  }

  endOf(offset: number): number {
    const missing = this.#bytes.findIndex((is, index) => index >= offset && !is);
    return missing < 0 ? length : missing;
  }

  gaps(begin: number, end: number): { begin: number; end: number }[] {
    const found: { begin: number; end: number }[] = [];
    for (let offset = begin; offset < end; offset++) {
      if (this.#bytes[offset]) continue;
      const last = found.at(-1);
      if (last?.end === offset) last.end = offset + 1;
      else found.push({ begin: offset, end: offset + 1 });
    }
    return found;
  }

  next(offset: number): { begin: number; end: number } | undefined {
    for (let begin = offset; begin < length; begin++) {
      if (this.#bytes[begin] && !this.#bytes[begin - 1]) return { begin, end: this.endOf(begin) };
    }
    return undefined;
  }
}

test('T2: the set of what has arrived answers as an array of bytes does', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new Prng(BigInt(seed));
    const [set, model] = [new IntervalSet(), new ByteModel()];
    for (let step = 0; step < 25; step++) {
      const begin = random.below(length);
      const end = Math.min(length, begin + random.below(12));
      set.add(begin, end);
      model.add(begin, end);
      const [from, to] = [random.below(length), random.below(length + 1)];
      const where = `seed ${seed}, step ${step}, ${from} to ${to}`;
      expect(set.bytes, where).toBe(model.bytes);
      expect(set.count, where).toBe(countRuns(model));
      expect(set.covers(from, to), where).toBe(model.covers(from, to));
      expect(set.endOf(from), where).toBe(model.endOf(from));
      expect(set.gaps(from, to), where).toEqual(model.gaps(from, to));
      expect(set.firstGap(from, to), where).toEqual(model.gaps(from, to)[0]);
      expect(set.next(from), where).toEqual(model.next(from));
    }
  }
});

test('T2: a gap at the end of what is endless is endless', () => {
  const set = new IntervalSet();
  expect(set.firstGap(0, Number.POSITIVE_INFINITY)).toEqual({ begin: 0, end: Number.POSITIVE_INFINITY });
  set.add(0, 10);
  expect(set.firstGap(0, Number.POSITIVE_INFINITY)).toEqual({ begin: 10, end: Number.POSITIVE_INFINITY });
  set.add(20, 30);
  expect(set.firstGap(0, Number.POSITIVE_INFINITY)).toEqual({ begin: 10, end: 20 });
});

function countRuns(model: ByteModel): number {
  let count = 0;
  for (let run = model.next(0); run !== undefined; run = model.next(run.end)) count++;
  return count;
}
