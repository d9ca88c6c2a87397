import {
  binBytesBuf,
  type CollInpNew,
  collInpNew,
  type DataObjInp,
  dataObjInp,
  genQueryInp,
  genQueryOut,
  jsonBuffer,
  modernXml,
  nativePacking,
  negotiationMessage,
  oldXml,
  openedDataObjInp,
  type Packing,
  PackingError,
  pack,
  packingFor,
  parseJsonBuffer,
  parseRelVersion,
  rowsOf,
  type Structure,
  textResult,
  unpack,
} from '@libconveyor/irods-protocol';
import { describe, expect, it } from 'vitest';

function dataObject(objPath: string): DataObjInp {
  return {
    objPath,
    createMode: 384,
    openFlags: 65,
    offset: 0,
    dataSize: -1,
    numThreads: 0,
    oprType: 0,
    keyValues: [['destRescName', 'demoResc']],
  };
}

function failure(act: () => unknown): PackingError {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof PackingError) return thrown;
    throw thrown;
  }
  throw new Error('it did not fail');
}

const odd = ['<a&b>"c\'d`e', '&apos;', '&#39;', '\t\n\r\u0001', ' blank ', '%_\\', 'Ünïcödé 🗎', '%@#ANULLSTR$', ''];

describe.each([
  ['modern XML', modernXml],
  ['native packing', nativePacking],
] as const)('%s', (_name, packing) => {
  it.each(odd)('carries the text %j', (text) => {
    const message = { ...dataObject(`/z/${text}`), keyValues: [[text, text]] as const };
    expect(unpack(dataObjInp, pack(dataObjInp, message, packing), packing)).toEqual(message);
  });

  it('carries integers of 64 bits as far as they are safe, and refuses others', () => {
    const message = { ...dataObject('/z/a'), offset: Number.MAX_SAFE_INTEGER, dataSize: -Number.MAX_SAFE_INTEGER };
    expect(unpack(dataObjInp, pack(dataObjInp, message, packing), packing)).toEqual(message);
    expect(() => pack(dataObjInp, { ...message, offset: 2 ** 53 }, packing)).toThrow(PackingError);
    expect(() => pack(dataObjInp, { ...message, createMode: 2 ** 31 }, packing)).toThrow(PackingError);
    expect(() => pack(dataObjInp, { ...message, createMode: 0.5 }, packing)).toThrow(PackingError);
  });

  it('refuses texts that would not arrive as they were sent', () => {
    expect(() => pack(dataObjInp, dataObject('/z/a\0b'), packing)).toThrow('NUL');
    expect(() => pack(dataObjInp, dataObject('/z/\ud800'), packing)).toThrow('surrogate');
  });

  it('has room for the NUL in the length of a path, in both directions', () => {
    expect(unpack(dataObjInp, pack(dataObjInp, dataObject('x'.repeat(1087)), packing), packing).objPath).toHaveLength(
      1087,
    );
    expect(failure(() => pack(dataObjInp, dataObject('x'.repeat(1088)), packing)).irodsCode).toBe(-308_000);
    expect(failure(() => pack(dataObjInp, dataObject('é'.repeat(544)), packing)).irodsCode).toBe(-308_000);
    const long = pack(textResult, { myStr: 'x'.repeat(1088) }, packing);
    expect(unpack(textResult, long, packing).myStr).toHaveLength(1088);
    const name = pack(textResult, { myStr: 'x' }, packing).toString('latin1').replaceAll('myStr', 'result');
    const negotiation = name.replaceAll('STR_PI', 'CS_NEG_PI').replace('x', 'x'.repeat(1088));
    const status = packing.kind === 'native' ? '\0\0\0\u0001' : '<status>1</status>\n';
    const whole = packing.kind === 'native' ? status + negotiation : negotiation.replace('\n', `\n${status}`);
    expect(failure(() => unpack(negotiationMessage, Buffer.from(whole, 'latin1'), packing)).irodsCode).toBe(-308_000);
  });

  it('carries empty and full pages of rows, always with 50 columns', () => {
    const empty = { rowCnt: 0, continueInx: 0, totalRowCount: 0, columns: [] };
    expect(unpack(genQueryOut, pack(genQueryOut, empty, packing), packing)).toEqual(empty);
    const columns = [
      { attriInx: 403, reslen: 50, values: ['a', ''] },
      { attriInx: 407, reslen: 50, values: ['1', '2'] },
    ];
    const page = { rowCnt: 2, continueInx: 7, totalRowCount: 0, columns };
    const read = unpack(genQueryOut, pack(genQueryOut, page, packing), packing);
    expect(read).toEqual(page);
    expect(rowsOf(read).map((row) => row.get(403))).toEqual(['a', '']);
  });

  it('carries JSON, with the NUL that servers count', () => {
    const packed = pack(binBytesBuf, jsonBuffer({ a: 'é' }, true), packing);
    expect(parseJsonBuffer(unpack(binBytesBuf, packed, packing))).toEqual({ a: 'é' });
    expect(() => parseJsonBuffer({ bytes: Buffer.from('{') })).toThrow(PackingError);
  });

  it('refuses what is cut, and what is left over', () => {
    const packed = pack(dataObjInp, dataObject('/z/a'), packing);
    for (let end = 0; end < packed.length - 1; end++) {
      expect(() => unpack(dataObjInp, packed.subarray(0, end), packing)).toThrow(PackingError);
    }
    expect(() => unpack(dataObjInp, Buffer.concat([packed, Buffer.from('x')]), packing)).toThrow(PackingError);
  });
});

describe('XML', () => {
  function read<T>(structure: Structure<T>, xml: string, packing: Packing = modernXml): T {
    return unpack(structure, Buffer.from(xml), packing);
  }

  it('escapes five characters for new peers, and an apostrophe never for old ones', () => {
    const text = { myStr: '<&>"\'`' };
    const written = (packing: Packing): string =>
      /<myStr>(.*)<\/myStr>/.exec(String(pack(textResult, text, packing)))?.[1] ?? '';
    expect(written(modernXml)).toBe('&lt;&amp;&gt;&quot;&apos;`');
    expect(written(oldXml)).toBe("&lt;&amp;&gt;&quot;'&apos;");
    expect(unpack(textResult, pack(textResult, text, oldXml), oldXml)).toEqual(text);
  });

  it('chooses the dialect by the version of the peer', () => {
    expect(packingFor(1, parseRelVersion('rods4.2.8'))).toBe(oldXml);
    expect(packingFor(1, parseRelVersion('rods4.2.9'))).toBe(modernXml);
    expect(packingFor(1, parseRelVersion('rods5.0.2'))).toBe(modernXml);
    expect(packingFor(1, undefined)).toBe(oldXml);
    expect(packingFor(0, undefined)).toBe(nativePacking);
    expect(parseRelVersion('5.0.2')).toBeUndefined();
  });

  it('reads raw quotes and angle brackets, and white space between elements', () => {
    expect(read(textResult, '<STR_PI>\n \t<myStr>a<b>"\'</myStr></STR_PI>\n\n')).toEqual({ myStr: 'a<b>"\'' });
  });

  it.each([
    '<STR_PI><myStr>a & b</myStr></STR_PI>',
    '<STR_PI><myStr>&#39;</myStr></STR_PI>',
    '<STR_PI><myStr/></STR_PI>',
    '<STR_PI><myStr a="b">c</myStr></STR_PI>',
    '<STR_PI></STR_PI>',
    '<?xml version="1.0"?><STR_PI><myStr>c</myStr></STR_PI>',
  ])('refuses %s', (xml) => {
    expect(failure(() => read(textResult, xml)).irodsCode).toBe(-15_000);
  });

  it('refuses elements in another order', () => {
    const xml = String(pack(dataObjInp, dataObject('/z/a'), modernXml));
    const swapped = xml.replace(/(<createMode>.*?<\/createMode>\n)(<openFlags>.*?<\/openFlags>\n)/s, '$2$1');
    expect(swapped).not.toBe(xml);
    expect(() => read(dataObjInp, swapped)).toThrow(PackingError);
  });

  it('refuses integers that servers read as octal, or that are none', () => {
    const xml = String(pack(dataObjInp, dataObject('/z/a'), modernXml));
    for (const bad of ['010', '0x10', '', '1.5', ' 1', '-0']) {
      expect(() => read(dataObjInp, xml.replace('<offset>0<', `<offset>${bad}<`))).toThrow(PackingError);
    }
  });

  it('accepts the integers that python-irodsclient leaves out only when it is told to', () => {
    const xml =
      '<CollInpNew_PI><collName>/z/c</collName><KeyValPair_PI><ssLen>0</ssLen></KeyValPair_PI></CollInpNew_PI>';
    expect(() => read(collInpNew, xml)).toThrow(PackingError);
    const lenient = { ...modernXml, allowOmitted: true } as Packing;
    const message: CollInpNew = { collName: '/z/c', keyValues: [] };
    expect(read(collInpNew, xml, lenient)).toEqual(message);
    const opened = '<OpenedDataObjInp_PI><l1descInx>3</l1descInx></OpenedDataObjInp_PI>';
    expect(() => read(openedDataObjInp, opened, lenient)).toThrow(PackingError);
  });

  it('refuses counts without their elements', () => {
    const query = { maxRows: 1, continueInx: 0, partialStartIndex: 0, options: 0, keyValues: [], conditions: [] };
    const xml = String(pack(genQueryInp, { ...query, selects: [[403, 1]] }, modernXml));
    expect(() => read(genQueryInp, xml.replace('<iiLen>1', '<iiLen>2'))).toThrow(PackingError);
  });

  it('fills a buffer that is announced longer, and refuses one that is longer than announced', () => {
    const xml = '<BinBytesBuf_PI><buflen>4</buflen><buf>YWJj</buf></BinBytesBuf_PI>';
    expect(Buffer.from(read(binBytesBuf, xml).bytes)).toEqual(Buffer.from('abc\0'));
    expect(failure(() => read(binBytesBuf, xml.replace('4', '2'))).irodsCode).toBe(-324_000);
    expect(() => read(binBytesBuf, xml.replace('4', '2000000000'))).toThrow(PackingError);
    expect(() => read(binBytesBuf, xml.replace('4', '-4'))).toThrow(PackingError);
  });
});
