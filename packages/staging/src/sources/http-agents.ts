import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

/** Connections that wait for another request no longer than this, milliseconds. */
const idleMs = 10_000;

/** How much a connection takes in before it is read, bytes: what is there is read, and written, as one piece. */
const receiveBytes = 1024 ** 2;

/** Connections of one source, kept for its further requests and by nobody else. */
export class HttpAgents {
  #http: HttpAgent | undefined;
  #https: HttpsAgent | undefined;

  for(protocol: string): HttpAgent {
    const options = { keepAlive: true, timeout: idleMs, maxFreeSockets: 4, highWaterMark: receiveBytes };
    if (protocol === 'https:') {
      this.#https ??= new HttpsAgent(options);
      return this.#https;
    }
    this.#http ??= new HttpAgent(options);
    return this.#http;
  }

  /** Ends them; further requests open new ones. */
  close(): void {
    this.#http?.destroy();
    this.#https?.destroy();
    this.#http = undefined;
    this.#https = undefined;
  }
}
