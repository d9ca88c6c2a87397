import { argumentRangeError } from '@libconveyor/errors';
import { deadlineError, waitDeadlineMs } from './deadline.ts';

/** What another thread needs to join a {@link SharedBarrier}; plain data, made for `workerData` and `postMessage`. */
export interface SharedBarrierPlace {
  readonly name: string;
  readonly parties: readonly string[];
  readonly memory: SharedArrayBuffer;
}

const roundIndex = 0;
const arrivedIndex = 1;
const partyIndex = 2;

/**
 * Lets real threads start together, round after round; waiting blocks the thread.
 *
 * Memory, as 32-bit words: [0] round, [1] how many have arrived in it, [2 + party] 1 + the last round the party came
 * to.
 */
export class SharedBarrier {
  /** Hand this to the other threads; they call {@link SharedBarrier.join}. */
  readonly place: SharedBarrierPlace;
  readonly #words: Int32Array;

  private constructor(place: SharedBarrierPlace) {
    this.place = place;
    this.#words = new Int32Array(place.memory);
  }

  /** @param parties Names of the threads, each one's own. Errors: RangeError when empty or when two are equal. */
  static create(parties: readonly string[], name = 'barrier'): SharedBarrier {
    if (parties.length === 0 || new Set(parties).size !== parties.length) {
      throw argumentRangeError('parties', 'different names, one at least', parties.join(', '));
    }
    const memory = new SharedArrayBuffer((partyIndex + parties.length) * Int32Array.BYTES_PER_ELEMENT);
    return new SharedBarrier({ name, parties: [...parties], memory });
  }

  static join(place: SharedBarrierPlace): SharedBarrier {
    return new SharedBarrier(place);
  }

  /**
   * Blocks until all parties of this round have arrived.
   *
   * Errors: ConveyorError ERR_CONVEYOR_DEADLINE naming who is missing; RangeError for a name that is no party or that
   * has arrived in this round before. Threads: one per party.
   */
  arriveAndWait(party: string, deadlineMs: number = waitDeadlineMs): void {
    const words = this.#words;
    const index = this.place.parties.indexOf(party);
    if (index < 0) throw argumentRangeError('party', `one of ${this.place.parties.join(', ')}`, party);
    const round = Atomics.load(words, roundIndex);
    if (Atomics.exchange(words, partyIndex + index, round + 1) === round + 1) {
      throw argumentRangeError('party', 'one that has not arrived yet', party);
    }
    if (Atomics.add(words, arrivedIndex, 1) + 1 === this.place.parties.length) {
      Atomics.store(words, arrivedIndex, 0); // before the round moves on: nobody arrives for the next one until then
      Atomics.add(words, roundIndex, 1);
      Atomics.notify(words, roundIndex);
      return;
    }
    const end = performance.now() + deadlineMs;
    while (Atomics.load(words, roundIndex) === round) {
      const leftMs = end - performance.now();
      if (leftMs <= 0) throw deadlineError(party, this.describe(), deadlineMs);
      Atomics.wait(words, roundIndex, round, leftMs);
    }
  }

  /** `barrier 'start': arrived writer; missing reader` */
  describe(): string {
    const { name, parties } = this.place;
    const round = Atomics.load(this.#words, roundIndex);
    const here = parties.filter((_, index) => Atomics.load(this.#words, partyIndex + index) === round + 1);
    const missing = parties.filter((party) => !here.includes(party));
    return `barrier '${name}': arrived ${here.join(', ') || 'nobody'}; missing ${missing.join(', ') || 'nobody'}`;
  }
}
