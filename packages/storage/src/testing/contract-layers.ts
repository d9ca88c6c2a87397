import { operationNames } from '../layers/interceptor.ts';
import { withFaults } from '../layers/with-faults.ts';
import { withLatency } from '../layers/with-latency.ts';
import { withObservation } from '../layers/with-observation.ts';
import { withRetry } from '../layers/with-retry.ts';
import type { Storage } from '../storage.ts';

/** Every layer, set so that a storage behind it still has to keep the whole contract. */
export const contractLayers: Readonly<Record<string, (storage: Storage) => Storage>> = {
  'with latency': (storage) =>
    withLatency(storage, { latencyMs: { minMs: 0, maxMs: 1 }, operations: ['read', 'write'], seed: 1 }),
  'without faults': (storage) => withFaults(storage, []),
  'with retry of faults': (storage) => {
    const transient = { kind: 'error', code: 'EAGAIN' } as const;
    const operation = operationNames.filter((name) => name !== 'close');
    const faulty = withFaults(storage, [{ operation, probability: 0.2, fault: transient }], 7);
    return withRetry(faulty, { attemptsMax: 30, delayMs: 0, seed: 7 });
  },
  'with observation': (storage) => withObservation(storage, {}),
};
