import {
  defaultEncryption,
  encodeEncryption,
  encodeFrame,
  encodeHeader,
  FrameReader,
  PackingError,
  parseEncryption,
} from '@libconveyor/irods-protocol';
import { describe, expect, it } from 'vitest';

const reply = { type: 'RODS_API_REPLY', intInfo: 100, body: Buffer.from('<b/>'), error: Buffer.from('<e/>') };

describe('a frame', () => {
  it('is as short as in the protocol', () => {
    const [whole, ...rest] = encodeFrame({ type: 'RODS_DISCONNECT' });
    expect(rest).toEqual([]);
    expect(whole?.readUInt32BE()).toBe(140);
    expect(whole?.length).toBe(144);
  });

  it('does not copy its stream', () => {
    const bytes = Buffer.from('stream');
    const parts = encodeFrame({ ...reply, bytes });
    expect(parts).toHaveLength(2);
    expect(parts[1]?.buffer).toBe(bytes.buffer);
  });

  it('refuses a result that is no integer of 32 bits', () => {
    expect(() => encodeFrame({ type: 'RODS_API_REPLY', intInfo: 2 ** 31 })).toThrow(RangeError);
  });
});

describe('a reader', () => {
  it('reads a stream into the memory it is given', () => {
    const memory = new Uint8Array(16);
    const reader = new FrameReader({ target: ({ bsLen }) => memory.subarray(2, 2 + bsLen) });
    for (const part of encodeFrame({ ...reply, bytes: Buffer.from('stream') })) {
      for (const byte of part) reader.push(Buffer.of(byte));
    }
    const frame = reader.next();
    expect(String(frame?.bytes)).toBe('stream');
    expect(frame?.bytes.buffer).toBe(memory.buffer);
    expect(String(frame?.body) + String(frame?.error)).toBe('<b/><e/>');
    expect(reader.isEmpty).toBe(true);
  });

  it('says how much of a frame has arrived', () => {
    const reader = new FrameReader();
    const whole = Buffer.concat(encodeFrame({ ...reply, bytes: Buffer.alloc(1000) }));
    expect(reader.pending).toBeUndefined();
    reader.push(whole.subarray(0, whole.length - 600));
    expect(reader.next()).toBeUndefined();
    expect(reader.pending).toMatchObject({ header: { intInfo: 100, bsLen: 1000 }, received: 408 });
    reader.push(whole.subarray(whole.length - 600));
    expect(reader.next()?.bytes).toHaveLength(1000);
  });

  it('gives bytes between frames', () => {
    const reader = new FrameReader();
    reader.push(Buffer.concat([Buffer.from([5, 245, 224]), Buffer.from([253]), ...encodeFrame(reply)]));
    expect(reader.take(4)?.readInt32BE()).toBe(99_999_997);
    expect(reader.next()?.intInfo).toBe(100);
    expect(reader.take(1)).toBeUndefined();
  });

  it.each([0, 1089, 0x16030100])('refuses a header of %d bytes', (length) => {
    const reader = new FrameReader();
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(length);
    reader.push(prefix);
    expect(() => reader.next()).toThrow(PackingError);
  });

  it('refuses lengths that are negative or beyond its limits', () => {
    const header = { type: 'RODS_API_REPLY', msgLen: 0, errorLen: 0, bsLen: 0, intInfo: 0 };
    for (const lengths of [{ msgLen: -1 }, { bsLen: -1 }, { errorLen: 101 }, { msgLen: 101 }, { bsLen: 201 }]) {
      const reader = new FrameReader({ messageLengthMax: 100, streamLengthMax: 200 });
      reader.push(encodeHeader({ ...header, ...lengths }));
      expect(() => reader.next()).toThrow(PackingError);
    }
  });

  it('refuses fields of the header in another order', () => {
    const reader = new FrameReader();
    const whole = encodeFrame({ type: 'RODS_DISCONNECT' })[0]?.toString('latin1') ?? '';
    reader.push(
      Buffer.from(
        whole.replace('<msgLen>0</msgLen>\n<errorLen>0</errorLen>', '<errorLen>0</errorLen>\n<msgLen>0</msgLen>'),
        'latin1',
      ),
    );
    expect(() => reader.next()).toThrow(PackingError);
  });

  it('reads the header that has nothing behind it when TLS begins', () => {
    const secret = Buffer.alloc(32, 7);
    const reader = new FrameReader();
    reader.push(encodeEncryption(defaultEncryption, secret));
    const header = reader.nextHeader();
    expect(header && parseEncryption(header)).toEqual(defaultEncryption);
    expect(reader.next()).toMatchObject({ type: 'SHARED_SECRET', body: secret });
    expect(() => encodeEncryption(defaultEncryption, Buffer.alloc(31))).toThrow(RangeError);
    expect(parseEncryption({ type: 'AES-256-CBC', msgLen: 32, errorLen: 0, bsLen: 16, intInfo: 0 })).toBeUndefined();
  });
});
