/**
 * An open handle as its package shows it. The registry holds it weakly: whoever registers it keeps it alive while the
 * handle is open.
 */
export interface HandleSource {
  readonly path: string;
  /** Of the storage: `file`, `s3`, ...; a label of metrics, of which there are few. */
  readonly scheme: string;
  /**
   * Fills `values` in the order of `readingFields`, without starting a new window of the handle's own `stats()`, and
   * adds to `histograms`, one after the other in the order of `latencyNames`. Returns at once.
   *
   * @returns Whether the handle could tell; nothing is filled in otherwise.
   */
  observe(values: Float64Array, histograms?: Float64Array): boolean;
  /** The error that keeps accepted bytes from landing, or undefined. */
  error(): Error | undefined;
  flush(): Promise<void>;
  /** Tries the bytes again that the error keeps from landing. */
  clearError(): void;
}
