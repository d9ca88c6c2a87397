import { readFileSync } from 'node:fs';
import { startIrodsEmulator } from '@libconveyor/irods-emulator';
import {
  apiNameOf,
  type Frame,
  FrameReader,
  frameType,
  genQueryInp,
  modernXml,
  nativePacking,
  type Packing,
  unpack,
} from '@libconveyor/irods-protocol';
import { expect, it } from 'vitest';
import { RawClient } from './raw-client.ts';

const folder = new URL('../../irods-protocol/test/conversations/', import.meta.url);

/** In the order in which they were recorded: each finds what those before it left. */
const python3 = [
  'mkdir',
  'mkdir_exists',
  'create_write.2',
  'open_rw_seek.2',
  'read.2',
  'append.2',
  'stat',
  'list',
  'rename',
  'rename_coll',
  'open_missing.2',
  'create_in_missing_coll.2',
  'unlink_missing',
  'rename_missing',
  'rmdir_nonempty',
  'unlink',
  'rmdir',
].map((name) => `prc3_${name}`);
const python08 = python3.map((name) => name.replace('prc3_', 'prc08_').replace('.2', ''));
const icommands = [
  'imkdir',
  'iput',
  'iput_again',
  'istream_write',
  'istream_write_off',
  'istream_read',
  'iget',
  'ils',
  'itouch',
  'ichksum',
  'imv',
  'imv_missing',
  'iget_missing',
  'irm',
  'irm_missing',
  'ils_missing',
  'irm_r',
];
const odd = ['objstat', 'bad_fd', 'excl', 'short_read', 'truncate', 'special_names'].map((name) => `xx_${name}`);

function framesOf(file: string): Frame[] {
  const reader = new FrameReader();
  reader.push(readFileSync(new URL(file, folder)));
  const frames: Frame[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
  return frames;
}

/** Requests of a conversation with their replies, without those of the login. */
function exchangesOf(name: string): { request: Frame; reply: Frame }[] {
  const requests = framesOf(`${name}.c2s.bin`).filter(({ type }) => type === frameType.request);
  const replies = framesOf(`${name}.s2c.bin`).filter(({ type }) => type === frameType.reply);
  const logins = new Set([703, 704, 110_000]);
  return requests
    .map((request, index) => ({ request, reply: replies[index] as Frame }))
    .filter(({ request }) => !logins.has(request.intInfo));
}

/** What of a reply does not depend on the server: its result, what was read, whether there is a body. */
function essence({ intInfo, bytes, body }: Frame): object {
  return { intInfo, bytes: bytes.toString('latin1'), hasBody: body.length > 0 };
}

/** Whether a query is about permissions, which are no columns here. */
function asksForAccess({ intInfo, body }: Frame, packing: Packing): boolean {
  if (intInfo !== 702) return false;
  return unpack(genQueryInp, body, packing).selects.some(([number]) => Math.floor(number / 100) === 7);
}

/** Numbers of the recorded zone in a text, as those of this one. */
function withIds(body: Buffer, ids: ReadonlyMap<string, string>): Buffer {
  const text = body.toString('latin1').replace(/(?<== ')\d{5}(?=')/g, (id) => ids.get(id) ?? id);
  return Buffer.from(text, 'latin1');
}

function learnIds(recorded: Buffer, own: Buffer, ids: Map<string, string>): void {
  const idsIn = (body: Buffer): string[] => body.toString('latin1').match(/(?<=<value>)1\d{4}(?=<)/g) ?? [];
  const mine = idsIn(own);
  for (const [index, id] of idsIn(recorded).entries()) ids.set(id, mine[index] ?? id);
}

async function replay(
  port: number,
  name: string,
  packing: Packing,
  skipped: string[],
  [user, password]: readonly [string, string] = ['rods', 'rods'],
): Promise<void> {
  const client = await RawClient.login(port, user, password, { packing });
  const ids = new Map<string, string>();
  for (const [index, { request, reply }] of exchangesOf(name).entries()) {
    // Permissions of collections by a query with a name, and columns of permissions, are not served here.
    const isAboutAccess = request.intInfo === 722 || asksForAccess(request, packing);
    if (isAboutAccess) {
      skipped.push(`${name} ${index}`);
      continue;
    }
    client.send({ ...request, body: withIds(request.body, ids) });
    const answer = await client.receive();
    learnIds(reply.body, answer.body, ids);
    expect(essence(answer), `${name}, request ${index}, ${apiNameOf(request.intInfo)}`).toEqual(essence(reply));
  }
  await client.disconnect();
}

it.each([
  ['python-irodsclient 3.3.0', python3, modernXml],
  ['python-irodsclient 0.8.1', python08, modernXml],
  ['icommands with native packing', icommands.map((name) => `ic_native_${name}`), nativePacking],
  ['icommands with XML', icommands.map((name) => `ic_xml_${name}`), modernXml],
  ['odd cases', odd, modernXml],
] as const)('answers what a server was recorded to answer: %s', async (_title, names, packing) => {
  await using emulator = await startIrodsEmulator({ allowOmitted: true });
  emulator.createObject('/tempZone/home/rods/r1m', Buffer.alloc(1_000_000));
  const skipped: string[] = [];
  for (const name of names) await replay(emulator.port, name, packing, skipped);
  expect(skipped.length).toBeLessThan(8);
  expect(emulator.violations).toEqual([]);
  expect(emulator.locked).toEqual([]);
});

it('answers what a server was recorded to answer somebody without permission', async () => {
  const users = [
    { name: 'rods', password: 'rods' },
    { name: 'alice', password: 'alicepw' },
  ];
  await using emulator = await startIrodsEmulator({ allowOmitted: true, users });
  emulator.createObject('/tempZone/home/rods/r1m', Buffer.alloc(1_000_000));
  await replay(emulator.port, 'xx_no_permission', modernXml, [], ['alice', 'alicepw']);
});
