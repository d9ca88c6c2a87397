/** Order of S3's listings: by UTF-8 bytes. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    // UTF-16 sorts surrogates, which stand for what is above U+FFFF, below U+E000 to U+FFFF; UTF-8 does not.
    const leftIsPair = left >= 0xd800 && left <= 0xdfff;
    const rightIsPair = right >= 0xd800 && right <= 0xdfff;
    if (leftIsPair !== rightIsPair) return leftIsPair ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

/** Different keys in the order of listings. Keys may come in any order: they are sorted when somebody looks. */
export class SortedKeys {
  readonly #keys: string[] = [];
  #isSorted = true;

  get count(): number {
    return this.#keys.length;
  }

  at(index: number): string | undefined {
    this.#sort();
    return this.#keys[index];
  }

  /** Requires: the key is not among them. */
  add(key: string): void {
    const last = this.#keys.at(-1);
    this.#isSorted &&= last === undefined || compareKeys(last, key) < 0;
    this.#keys.push(key);
  }

  remove(key: string): void {
    const index = this.from(key);
    if (this.#keys[index] === key) this.#keys.splice(index, 1);
  }

  /** Index of the first key at or behind `key`. */
  from(key: string): number {
    return this.#firstNot((other) => compareKeys(other, key) < 0);
  }

  /** Index of the first key behind `key`. */
  after(key: string): number {
    return this.#firstNot((other) => compareKeys(other, key) <= 0);
  }

  /** Index of the first key behind all that begin with `prefix`. */
  afterPrefix(prefix: string): number {
    return this.#firstNot((other) => other.startsWith(prefix) || compareKeys(other, prefix) < 0);
  }

  /** Index of the first key that does not hold; those that hold come first. */
  #firstNot(holds: (key: string) => boolean): number {
    this.#sort();
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.#keys[middle] as string)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #sort(): void {
    if (!this.#isSorted) this.#keys.sort(compareKeys);
    this.#isSorted = true;
  }
}
