import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { MockStatistics } from '@libconveyor/s3-mock';

/** How far away a server is. */
export interface Distance {
  readonly latencyMs: number;
  /** Undefined: no limit. */
  readonly bytesPerSecond: number | undefined;
}

/** Keys for the server, in the words of everybody. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** An S3 server in a process of its own, with the bucket `bench`. */
export class S3Site implements AsyncDisposable {
  readonly endpoint: string;
  readonly credentials: Keys;
  readonly #child: ChildProcess;
  #asked = 0;

  private constructor(child: ChildProcess, endpoint: string, credentials: Keys) {
    this.#child = child;
    this.endpoint = endpoint;
    this.credentials = credentials;
  }

  static async start({ latencyMs, bytesPerSecond }: Distance): Promise<S3Site> {
    // From dist/ as it is built; from src/, in tests, through the loader.
    const isSource = import.meta.url.endsWith('.ts');
    const file = fileURLToPath(new URL(`s3-server.${isSource ? 'ts' : 'js'}`, import.meta.url));
    const loader = ['--conditions=@libconveyor/source', '--import', '@libconveyor/testkit/register'];
    const args = [String(latencyMs), bytesPerSecond === undefined ? '' : String(bytesPerSecond)];
    const child = fork(file, args, { cwd: import.meta.dirname, execArgv: isSource ? loader : [] });
    const [message] = (await once(child, 'message')) as [{ endpoint: string; credentials: Keys }];
    return new S3Site(child, message.endpoint, message.credentials);
  }

  /** Makes an object whose bytes are `discardedBytes`. */
  async create(key: string, length: number): Promise<void> {
    await this.#ask({ ask: 'create', key, length });
  }

  /** Counts from zero again. */
  async reset(): Promise<void> {
    await this.#ask({ ask: 'reset' });
  }

  stats(): Promise<MockStatistics> {
    return this.#ask({ ask: 'stats' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }

  async #ask(question: object): Promise<MockStatistics> {
    const id = ++this.#asked;
    this.#child.send({ id, ...question });
    for (;;) {
      const [answer] = (await once(this.#child, 'message')) as [{ id: number; stats: MockStatistics }];
      if (answer.id === id) return answer.stats;
    }
  }
}
