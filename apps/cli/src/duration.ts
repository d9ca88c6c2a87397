const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** What durations look like, for messages. */
export const durationExamples = '10s, 500ms, 2m, 1.5 (seconds)';

/** Milliseconds of a text like `10s`; seconds without a unit. undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, number, unit = 's'] = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h)?$/.exec(text) ?? [];
  const factor = units[unit];
  return number === undefined || factor === undefined ? undefined : Math.ceil(Number(number) * factor);
}
