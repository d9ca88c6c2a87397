/** The polynomial of the NVMe specification (0xad93d23594c93659), bits reflected, in halves. */
const polynomialHigh = 0x9a6c9329;
const polynomialLow = 0xac4bc9b5;

/** Eight tables as for CRC-32C, each entry in two halves. */
const high: Int32Array = new Int32Array(8 * 256);
const low: Int32Array = new Int32Array(8 * 256);
fillTables();

function fillTables(): void {
  for (let byte = 0; byte < 256; byte++) {
    let h = 0;
    let l = byte;
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (odd === 0) continue;
      h ^= polynomialHigh;
      l ^= polynomialLow;
    }
    high[byte] = h;
    low[byte] = l;
  }
  for (let index = 256; index < high.length; index++) {
    const h = high[index - 256] as number;
    const l = low[index - 256] as number;
    low[index] = ((l >>> 8) | (h << 24)) ^ (low[l & 255] as number);
    high[index] = (h >>> 8) ^ (high[l & 255] as number);
  }
}

/** CRC-64/NVME over pieces of data. */
export class Crc64Nvme {
  #high = -1;
  #low = -1;

  update(bytes: Uint8Array): void {
    let h = this.#high;
    let l = this.#low;
    let at = 0;
    const whole = bytes.length - (bytes.length % 8);
    for (; at < whole; at += 8) {
      l ^= (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
      l ^= ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
      h ^= (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8);
      h ^= ((bytes[at + 6] as number) << 16) | ((bytes[at + 7] as number) << 24);
      const a = 1792 + (l & 255);
      const b = 1536 + ((l >>> 8) & 255);
      const c = 1280 + ((l >>> 16) & 255);
      const d = 1024 + (l >>> 24);
      const e = 768 + (h & 255);
      const f = 512 + ((h >>> 8) & 255);
      const g = 256 + ((h >>> 16) & 255);
      const i = h >>> 24;
      h =
        (high[a] as number) ^
        (high[b] as number) ^
        (high[c] as number) ^
        (high[d] as number) ^
        (high[e] as number) ^
        (high[f] as number) ^
        (high[g] as number) ^
        (high[i] as number);
      l =
        (low[a] as number) ^
        (low[b] as number) ^
        (low[c] as number) ^
        (low[d] as number) ^
        (low[e] as number) ^
        (low[f] as number) ^
        (low[g] as number) ^
        (low[i] as number);
    }
    for (; at < bytes.length; at++) {
      const index = (l ^ (bytes[at] as number)) & 255;
      l = ((l >>> 8) | (h << 24)) ^ (low[index] as number);
      h = (h >>> 8) ^ (high[index] as number);
    }
    this.#high = h;
    this.#low = l;
  }

  /** Eight bytes, big-endian. */
  digest(): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32BE(~this.#high, 0);
    bytes.writeInt32BE(~this.#low, 4);
    return bytes;
  }
}
