import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { requireInteger, requireOptions, requireString } from '@libconveyor/errors';
import { type Answer, answerGet, answerPost, refusal, type Shown } from './admin-answers.ts';
import {
  defaultAdminDirectory,
  protectSocket,
  removeStaleSocket,
  requireAdminDirectory,
  socketName,
} from './admin-directory.ts';
import { stream } from './admin-stream.ts';
import { type EventLevel, type EventLog, eventLevels, eventLog } from './event-log.ts';
import { type HandleRegistry, handleRegistry } from './handle-registry.ts';

/** What {@link serveAdmin} shows, and where. */
export interface AdminServerOptions {
  /** For sockets of this user, mode 0700. Default: `$XDG_RUNTIME_DIR/conveyor`, else `/tmp/conveyor-UID`. */
  readonly directory?: string | undefined;
  /** Connections at a time; more are turned away. Default 16. */
  readonly clientsMax?: number | undefined;
  readonly registry?: HandleRegistry | undefined;
  readonly events?: EventLog | undefined;
}

/** A server that {@link serveAdmin} has started. */
export interface AdminServer extends AsyncDisposable {
  /** Of the socket, mode 0600. */
  readonly path: string;
  close(): Promise<void>;
}

const clientsDefault = 16;
const clientsMost = 1024;
const bodyBytesMost = 16 * 1024;
const headerBytesMost = 8 * 1024;
const requestLimitMs = 5000;
const intervalLeastMs = 200;
const intervalMostMs = 60_000;
const intervalDefaultMs = 1000;

/**
 * Lets tools of the same user look at the handles of this thread and act on them: JSON over HTTP on a Unix socket, as
 * the package's README lists it. It does not keep the process alive. Clause: V5.
 *
 * Errors: TypeError, RangeError; EACCES, ENOTDIR (the directory is not this user's alone), EADDRINUSE, and what
 * listening fails with.
 */
export async function serveAdmin(options: AdminServerOptions = {}): Promise<AdminServer> {
  requireOptions('options', options, ['directory', 'clientsMax', 'registry', 'events']);
  const { directory = defaultAdminDirectory(), clientsMax = clientsDefault } = options;
  requireString('options.directory', directory);
  requireInteger('options.clientsMax', clientsMax, 1, clientsMost);
  const shown: Shown = { registry: options.registry ?? handleRegistry, events: options.events ?? eventLog };
  await requireAdminDirectory(directory);
  const path = join(directory, socketName());
  await removeStaleSocket(path);
  const streams = new Set<() => void>();
  const server = createServer({ maxHeaderSize: headerBytesMost }, (request, response) => {
    void respond(request, response, shown, streams);
  });
  server.maxConnections = clientsMax;
  server.requestTimeout = requestLimitMs;
  server.headersTimeout = requestLimitMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
  server.unref();
  await protectSocket(path);
  const close = (): Promise<void> => closed(server, streams);
  return { path, close, [Symbol.asyncDispose]: close };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  shown: Shown,
  streams: Set<() => void>,
): Promise<void> {
  const url = urlOf(request);
  const isStream = request.method === 'GET' && url?.pathname === '/v1/stream';
  const options = isStream ? streamOptions(url) : undefined;
  if (options !== undefined) {
    request.resume();
    const end = stream(response, shown, options);
    streams.add(end);
    response.once('close', () => streams.delete(end));
    return;
  }
  const answer = isStream ? refusal(400, 'bad-query') : await answerTo(request, url, shown);
  const text = `${JSON.stringify(answer.body)}\n`;
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  // What is left of a body that is too large is not waited for.
  const connection = request.complete ? {} : { connection: 'close' };
  response.writeHead(answer.status, { ...headers, ...connection }).end(text);
}

async function answerTo(request: IncomingMessage, url: URL | undefined, shown: Shown): Promise<Answer> {
  if (url === undefined) return refusal(400, 'bad-request');
  try {
    if (request.method === 'GET') {
      request.resume();
      return await answerGet(url, shown);
    }
    if (request.method !== 'POST') return refusal(405, 'method-not-allowed');
    const body = await bodyOf(request);
    if (body === undefined) return refusal(413, 'body-too-large');
    const parsed = parse(body);
    return parsed === undefined ? refusal(400, 'malformed-json') : await answerPost(url, parsed.value, shown);
  } catch (thrown) {
    return refusal(500, 'internal', (thrown as Error).message);
  }
}

/** undefined for what is no address of ours. */
function urlOf({ url = '/' }: IncomingMessage): URL | undefined {
  return url.startsWith('/') && !url.startsWith('//') && URL.canParse(url, 'http://admin')
    ? new URL(url, 'http://admin')
    : undefined;
}

/** The text of a body; undefined when it is too large. Errors: the connection's. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    bytes += (piece as Buffer).length;
    if (bytes > bodyBytesMost) return undefined;
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces).toString();
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function streamOptions(url: URL): { intervalMs: number; level: EventLevel } | undefined {
  const intervalMs = Number(url.searchParams.get('intervalMs') ?? intervalDefaultMs);
  const level = url.searchParams.get('level') ?? 'info';
  const isRight = Number.isInteger(intervalMs) && intervalMs >= intervalLeastMs && intervalMs <= intervalMostMs;
  return isRight && isLevel(level) ? { intervalMs, level } : undefined;
}

function isLevel(text: string): text is EventLevel {
  return (eventLevels as readonly string[]).includes(text);
}

function closed(server: Server, streams: Set<() => void>): Promise<void> {
  for (const end of streams) end();
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
