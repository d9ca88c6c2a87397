/** Measures one stretch of time, and the processor time of the process meanwhile. */
export class Stopwatch {
  #beginNs = 0n;
  #endNs = 0n;
  #cpuBegin: NodeJS.CpuUsage | undefined;
  #cpuNs = 0;

  start(): void {
    this.#cpuBegin = process.cpuUsage();
    this.#beginNs = process.hrtime.bigint();
  }

  stop(): void {
    this.#endNs = process.hrtime.bigint();
    const { user, system } = process.cpuUsage(this.#cpuBegin);
    this.#cpuNs = (user + system) * 1000;
  }

  /** Errors: Error unless it was started and stopped. */
  get elapsedNs(): number {
    if (this.#beginNs === 0n || this.#endNs === 0n) throw new Error('a side has not started or not stopped its clock');
    return Number(this.#endNs - this.#beginNs);
  }

  get cpuNs(): number {
    return this.#cpuNs;
  }
}
