/** Castagnoli's polynomial (RFC 3720), bits reflected. */
const polynomial = 0x82f63b78;

/** Eight tables: entry `n` of table `t` is the remainder of byte `n` with `t` zero bytes behind it. */
const tables: Int32Array = makeTables();

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let index = 256; index < made.length; index++) {
    const before = made[index - 256] as number;
    made[index] = (before >>> 8) ^ (made[before & 255] as number);
  }
  return made;
}

/** CRC-32C of bytes, or of what `crc` is the checksum of with the bytes behind it. An unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  const t = tables;
  let state = ~crc;
  let at = 0;
  const whole = bytes.length - (bytes.length % 8);
  for (; at < whole; at += 8) {
    state ^= (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    state ^= ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    state =
      (t[1792 + (state & 255)] as number) ^
      (t[1536 + ((state >>> 8) & 255)] as number) ^
      (t[1280 + ((state >>> 16) & 255)] as number) ^
      (t[1024 + (state >>> 24)] as number) ^
      (t[768 + (bytes[at + 4] as number)] as number) ^
      (t[512 + (bytes[at + 5] as number)] as number) ^
      (t[256 + (bytes[at + 6] as number)] as number) ^
      (t[bytes[at + 7] as number] as number);
  }
  for (; at < bytes.length; at++) state = (state >>> 8) ^ (t[(state ^ (bytes[at] as number)) & 255] as number);
  return ~state >>> 0;
}
