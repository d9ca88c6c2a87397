import {
  hidePassword,
  nativeDigest,
  negotiate,
  negotiationAnswer,
  negotiationPolicies,
  pamContext,
  parseNegotiationAnswer,
  parsePamContext,
  revealPassword,
  sessionSignature,
} from '@libconveyor/irods-protocol';
import { describe, expect, it } from 'vitest';

const challenge = Buffer.from(Array.from({ length: 64 }, (_, index) => index));

describe('the digest of a login', () => {
  it('is that of known vectors, without zero bytes', () => {
    expect(nativeDigest(challenge, 'rods').toString('hex')).toBe('97a69360f892fee7589a8fe30bac25e9');
    expect(nativeDigest(challenge, 'pw12').toString('hex')).toBe('9f8eeefab50e2bf1b758daad61558301');
    expect(sessionSignature(challenge)).toBe('000102030405060708090a0b0c0d0e0f');
  });

  it('counts 50 bytes of a password, and bytes of its UTF-8', () => {
    expect(nativeDigest(challenge, 'é'.repeat(25))).toEqual(nativeDigest(challenge, `${'é'.repeat(25)}x`));
    expect(nativeDigest(challenge, 'x'.repeat(49))).not.toEqual(nativeDigest(challenge, 'x'.repeat(50)));
    expect(nativeDigest(challenge, '')).toHaveLength(16);
  });
});

describe('a password file', () => {
  const facts = { uid: 1000, mtimeSeconds: 1_700_000_000 };

  it('is that of a known vector', () => {
    expect(hidePassword('s3cret/Pw~x', facts).toString('latin1')).toBe('.jis*fe#Mw(x+7h1~(\0');
    expect(revealPassword(Buffer.from('.jis*fe#Mw(x+7h1~(\0', 'latin1'), facts)).toBe('s3cret/Pw~x');
  });

  it('gives every password back, with all patterns', () => {
    for (let pattern = 0; pattern < 16; pattern++) {
      for (const password of ['a', 'rods', '!"#$%&\'()*+,-./', 'Pässwörd ~ z', 'x'.repeat(42), '']) {
        for (const one of [facts, { uid: 65_534, mtimeSeconds: 1_700_002_047 }]) {
          expect(revealPassword(hidePassword(password, one, pattern), one)).toBe(password);
        }
      }
    }
    expect(() => hidePassword('x'.repeat(43), facts)).toThrow(RangeError);
  });

  it('is taken as it stands when it is not hidden, or its time is another one', () => {
    expect(revealPassword(Buffer.from('plain\n'), facts)).toBe('plain');
    expect(revealPassword(Buffer.from('.abc'), facts)).toBe('.abc');
    const hidden = hidePassword('rods', facts);
    const text = hidden.subarray(0, -1).toString('latin1');
    expect(revealPassword(hidden, { ...facts, mtimeSeconds: facts.mtimeSeconds + 19 })).toBe('rods');
    expect(revealPassword(hidden, { ...facts, mtimeSeconds: facts.mtimeSeconds + 20 })).toBe(text);
    expect(revealPassword(hidden, { ...facts, uid: 1001 })).toBe(text);
  });

  it('knows its time when the low bits of the clock begin again', () => {
    const before = { uid: 0, mtimeSeconds: 0xffff };
    expect(revealPassword(hidePassword('rods', before), { uid: 0, mtimeSeconds: 0x10005 })).toBe('rods');
  });
});

describe('PAM', () => {
  it('escapes what separates values', () => {
    const context = pamContext('al=ice', 'p;a=s\\s', 2);
    expect(context).toBe('a_user=al\\=ice;a_pw=p\\;a\\=s\\\\s;a_ttl=2');
    expect([...parsePamContext(context)]).toEqual([
      ['a_user', 'al=ice'],
      ['a_pw', 'p;a=s\\s'],
      ['a_ttl', '2'],
    ]);
    expect(() => pamContext('u', 'x'.repeat(1088))).toThrow(RangeError);
  });
});

describe('a negotiation', () => {
  it('ends as servers and the C client have it', () => {
    const table = negotiationPolicies.map((client) => negotiationPolicies.map((server) => negotiate(client, server)));
    expect(table).toEqual([
      ['CS_NEG_USE_SSL', 'CS_NEG_USE_SSL', 'CS_NEG_FAILURE'],
      ['CS_NEG_USE_SSL', 'CS_NEG_USE_SSL', 'CS_NEG_USE_TCP'],
      ['CS_NEG_FAILURE', 'CS_NEG_USE_TCP', 'CS_NEG_USE_TCP'],
    ]);
  });

  it('is answered in a text that comes back', () => {
    expect(negotiationAnswer('CS_NEG_USE_SSL')).toBe('cs_neg_result_kw=CS_NEG_USE_SSL;');
    expect(parseNegotiationAnswer('cs_neg_result_kw=CS_NEG_USE_SSL;')).toBe('CS_NEG_USE_SSL');
    expect(parseNegotiationAnswer('CS_NEG_USE_SSL')).toBeUndefined();
  });
});
