// Counts rounds together with its siblings: no round may begin before everybody has ended the one before.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedBarrier, type SharedBarrierPlace } from '@libconveyor/testkit';

const { place, party, counter, rounds } = workerData as {
  place: SharedBarrierPlace;
  party: string;
  counter: SharedArrayBuffer;
  rounds: number;
};
const barrier = SharedBarrier.join(place);
const count = new Int32Array(counter);
let wrong = 0;
for (let round = 1; round <= rounds; round++) {
  Atomics.add(count, 0, 1);
  barrier.arriveAndWait(party);
  if (Atomics.load(count, 0) !== round * place.parties.length) wrong++;
  barrier.arriveAndWait(party);
}
parentPort?.postMessage({ party, wrong });
