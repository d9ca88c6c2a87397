import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requireInteger, requireOptions, requireString } from '@libconveyor/errors';
import { type HandleRegistry, handleRegistry } from './handle-registry.ts';
import { prometheusContentType, prometheusText } from './prometheus-text.ts';

/** Where {@link serveMetrics} listens. */
export interface MetricsServerOptions {
  /** Default 0: any that is free. */
  readonly port?: number | undefined;
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined;
  readonly registry?: HandleRegistry | undefined;
}

/** A server that {@link serveMetrics} has started. */
export interface MetricsServer extends AsyncDisposable {
  /** `http://HOST:PORT/metrics` */
  readonly url: string;
  close(): Promise<void>;
}

const connectionsMax = 16;
const requestLimitMs = 10_000;

/**
 * Serves `/metrics` for Prometheus. It does not keep the process alive. One collection at a time: requests that come
 * during one get its result.
 *
 * Errors: TypeError, RangeError; what listening fails with.
 */
export async function serveMetrics(options: MetricsServerOptions = {}): Promise<MetricsServer> {
  requireOptions('options', options, ['port', 'host', 'registry']);
  const { port = 0, host = '127.0.0.1', registry = handleRegistry } = options;
  requireInteger('options.port', port, 0, 65_535);
  requireString('options.host', host);
  let collecting: Promise<string> | undefined;
  const text = (): Promise<string> => {
    collecting ??= prometheusText(registry).finally(() => {
      collecting = undefined;
    });
    return collecting;
  };
  const server = createServer(async (request, response) => {
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405).end();
    if (request.url?.split('?')[0] !== '/metrics') return void response.writeHead(404).end();
    const body = await text();
    response.writeHead(200, { 'content-type': prometheusContentType }).end(body);
  });
  server.maxConnections = connectionsMax;
  server.requestTimeout = requestLimitMs;
  server.headersTimeout = requestLimitMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  server.unref();
  const { address, family, port: bound } = server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}/metrics`;
  return { url, close: () => closed(server), [Symbol.asyncDispose]: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
