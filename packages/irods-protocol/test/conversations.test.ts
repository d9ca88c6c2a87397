import {
  type Api,
  encodeFrame,
  errorBlock,
  type Frame,
  findApi,
  frameType,
  loginOperation,
  nativeDigest,
  negotiationMessage,
  oldXml,
  type Packing,
  pack,
  parseJsonBuffer,
  type Structure,
  startupPack,
  unpack,
  versionMessage,
} from '@libconveyor/irods-protocol';
import { describe, expect, it } from 'vitest';
import { type Conversation, conversations, framesOf, stylesOf } from './conversation.ts';

type AnyStructure = Structure<never>;

/** Packs what was unpacked: the body must come out as it was. */
function again(structure: Structure<unknown>, body: Buffer, packing: Packing): Buffer {
  return pack(structure, unpack(structure, body, packing), packing);
}

function rebuild(frame: Frame, structure: AnyStructure | undefined, packing: Packing, lineFeeds: boolean): Buffer {
  const { type, intInfo, bytes } = frame;
  if (frame.body.length > 0 && structure === undefined)
    throw new Error(`no structure for a body of ${type} ${intInfo}`);
  const body = frame.body.length === 0 ? frame.body : again(structure as Structure<unknown>, frame.body, packing);
  const error = frame.error.length === 0 ? frame.error : again(errorBlock as never, frame.error, packing);
  return Buffer.concat(encodeFrame({ type, intInfo, body, error, bytes }, lineFeeds));
}

function clientFrames({ fromClient }: Conversation): Frame[] {
  return framesOf(fromClient);
}

function rebuildClient(conversation: Conversation): Buffer {
  const frames = clientFrames(conversation);
  const { clientStart, client } = stylesOf(frames);
  const lineFeeds = clientStart.kind === 'xml' && clientStart.lineFeeds;
  const rebuilt = frames.map((frame) => {
    if (frame.type === frameType.connect) return rebuild(frame, startupPack as never, clientStart, lineFeeds);
    if (frame.type === frameType.negotiation)
      return rebuild(frame, negotiationMessage as never, clientStart, lineFeeds);
    return rebuild(frame, findApi(frame.intInfo)?.input as never, client, lineFeeds);
  });
  return Buffer.concat(rebuilt);
}

function rebuildServer(conversation: Conversation): Buffer {
  const sent = clientFrames(conversation);
  const { server } = stylesOf(sent);
  const asked: (Api | undefined)[] = sent
    .filter(({ type }) => type === frameType.request)
    .map(({ intInfo }) => findApi(intInfo));
  const rebuilt = framesOf(conversation.fromServer).map((frame) => {
    if (frame.type === frameType.version) return rebuild(frame, versionMessage as never, oldXml, true);
    if (frame.type === frameType.negotiation) return rebuild(frame, negotiationMessage as never, oldXml, true);
    return rebuild(frame, asked.shift()?.output as never, server, true);
  });
  return Buffer.concat(rebuilt);
}

describe.each(conversations)('the conversation $name', (conversation) => {
  it('unpacks and packs to the same bytes, the client', () => {
    expect(rebuildClient(conversation).equals(conversation.fromClient)).toBe(true);
  });

  it('unpacks and packs to the same bytes, the server', () => {
    expect(rebuildServer(conversation).equals(conversation.fromServer)).toBe(true);
  });

  it('gives the same frames however it is cut', () => {
    const { fromClient, fromServer } = conversation;
    expect(framesOf(fromClient, 7)).toEqual(framesOf(fromClient));
    expect(framesOf(fromServer, 977)).toEqual(framesOf(fromServer));
  });
});

describe('logins that were recorded', () => {
  const passwords: Readonly<Record<string, string>> = { rods: 'rods', alice: 'alicepw' };

  it('by JSON have the digest of the challenge and the password', () => {
    let checked = 0;
    for (const conversation of conversations) {
      const frames = clientFrames(conversation);
      const { client } = stylesOf(frames);
      for (const { intInfo, body } of frames) {
        if (intInfo !== 110_000) continue;
        const step = parseJsonBuffer(unpack(findApi(intInfo)?.input as never, body, client));
        const { next_operation, request_result, digest, user_name } = step as Record<string, string>;
        const password = passwords[user_name ?? ''];
        if (next_operation !== loginOperation.response || password === undefined) continue;
        const isWrong = conversation.name.endsWith('_wrong_password');
        expect(nativeDigest(request_result ?? '', password).toString('base64') === digest).toBe(!isWrong);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(50);
  });

  it('of the older kind have it, too', () => {
    let checked = 0;
    for (const conversation of conversations.filter(({ name }) => name.startsWith('prc08_'))) {
      const frames = clientFrames(conversation);
      const { client, server } = stylesOf(frames);
      const challenges = framesOf(conversation.fromServer).filter(({ body }) => body.includes('<challenge>'));
      const answer = frames.find(({ intInfo }) => intInfo === 704);
      if (challenges[0] === undefined || answer === undefined) continue;
      const { challenge } = unpack(findApi(703)?.output as never, challenges[0].body, server) as { challenge: Buffer };
      const { response } = unpack(findApi(704)?.input as never, answer.body, client) as { response: Buffer };
      expect(nativeDigest(challenge, 'rods').equals(response)).toBe(conversation.name !== 'prc08_wrong_password');
      checked++;
    }
    expect(checked).toBeGreaterThan(15);
  });
});
