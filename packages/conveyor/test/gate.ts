import {
  type Call,
  InterceptedStorage,
  type Interceptor,
  type OperationName,
  type Proceed,
  type Storage,
} from '@libconveyor/storage';
import { SyncPoint } from '@libconveyor/testkit';

/**
 * A storage whose operations of some kinds are held at a point until the test lets them go on. Its files have no
 * `fd`.
 */
export class Gate implements Interceptor {
  readonly storage: Storage;
  readonly point: SyncPoint = new SyncPoint('gate');
  readonly #operations: ReadonlySet<OperationName>;

  constructor(storage: Storage, operations: readonly OperationName[]) {
    this.#operations = new Set(operations);
    this.storage = new InterceptedStorage(storage, 'gate', this);
  }

  async around<T>(call: Call, proceed: Proceed<T>): Promise<T> {
    if (this.#operations.has(call.operation)) await this.point.pass(call.operation);
    return proceed();
  }
}
