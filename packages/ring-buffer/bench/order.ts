/** What the producer of the benchmark is told: to send this many frames of one size, by this way. */
export interface Order {
  way: 'ring' | 'port';
  frames: number;
  size: number;
  /** The ring's memory, for the way of that name. */
  memory?: SharedArrayBuffer;
}
