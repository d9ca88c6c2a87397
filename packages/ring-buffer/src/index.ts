/** A byte log and a ring between two threads. The C++ twins are under `cpp/include/conveyor/ring`. */
export { ByteRing, type ByteRingOptions, type Pieces } from './byte-ring.ts';
export { RingError, type RingErrorCode } from './ring-error.ts';
export { SpscConsumer } from './spsc-consumer.ts';
export type { SpscMode } from './spsc-layout.ts';
export { SpscProducer } from './spsc-producer.ts';
export { type SpscFormat, SpscRing } from './spsc-ring.ts';
