import { setImmediate as nextTurn } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import type { EventLog } from './event-log.ts';
import type { HandleRegistry, RegisteredHandle } from './handle-registry.ts';
import type { Histogram } from './histogram.ts';
import { HandleReading, latencyNames, readingFields, type SumReading } from './reading.ts';

/** Changes when an answer loses or renames something; new fields do not change it. */
export const adminVersion = 1;

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** What is shown. */
export interface Shown {
  readonly registry: HandleRegistry;
  readonly events: EventLog;
}

const pageDefault = 200;
const pageMost = 1000;
const turnHandles = 128;
const eventsMost = 1000;

/** Controls of a handle, and those that the engine does not have yet. */
const controls = new Set(['flush', 'clear-error']);
const futureControls = new Set(['resize', 'pin', 'release']);

export function refusal(status: number, error: string, detail?: string): Answer {
  return { status, body: { version: adminVersion, error, ...(detail === undefined ? {} : { detail }) } };
}

/** Answers a GET. */
export async function answerGet(url: URL, shown: Shown): Promise<Answer> {
  const [, v1, noun, id, ...rest] = url.pathname.split('/');
  if (v1 !== 'v1' || rest.length > 0) return refusal(404, 'not-found');
  if (noun === 'handles' && id !== undefined) return oneHandle(Number(id), shown);
  if (id !== undefined) return refusal(404, 'not-found');
  switch (noun) {
    case 'process':
      return ok(describeProcess(shown));
    case 'handles':
      return handlePage(url.searchParams, shown);
    case 'totals':
      return ok(await totals(shown));
    case 'events':
      return eventPage(url.searchParams, shown);
    default:
      return refusal(404, 'not-found');
  }
}

/**
 * Carries out a control: `POST /v1/handles/ID/flush` with `{"confirm": "flush"}`. The confirmation keeps a mistyped
 * address from doing anything.
 */
export async function answerPost(url: URL, body: unknown, { registry, events }: Shown): Promise<Answer> {
  const [, v1, noun, id, control = '', ...rest] = url.pathname.split('/');
  const isKnown = controls.has(control) || futureControls.has(control);
  if (v1 !== 'v1' || noun !== 'handles' || rest.length > 0 || !isKnown) return refusal(404, 'not-found');
  if (futureControls.has(control)) return refusal(501, 'not-supported', `the engine has no ${control} of open handles`);
  const source = registry.source(Number(id));
  if (source === undefined) return refusal(404, 'no-such-handle');
  if ((body as { confirm?: unknown } | null)?.confirm !== control) {
    return refusal(428, 'confirmation-required', `send {"confirm": "${control}"}`);
  }
  events.record('warn', 'control', { handle: Number(id), path: source.path, action: control });
  try {
    if (control === 'flush') await source.flush();
    else source.clearError();
    return ok({ done: control });
  } catch (thrown) {
    return { status: 409, body: { version: adminVersion, error: 'failed', cause: describe(thrown as Error) } };
  }
}

function ok(body: object): Answer {
  return { status: 200, body: { version: adminVersion, ...body } };
}

function describeProcess({ registry, events }: Shown): object {
  const startedMs = Math.round(performance.timeOrigin);
  const { pid, title, version } = process;
  return {
    pid,
    thread: threadId,
    title,
    node: version,
    startedMs,
    handles: registry.openCount,
    events: events.recorded,
  };
}

async function handlePage(query: URLSearchParams, { registry }: Shown): Promise<Answer> {
  const after = numberOf(query, 'after', 0, Number.MAX_SAFE_INTEGER);
  const limit = numberOf(query, 'limit', pageDefault, pageMost);
  if (after === undefined || limit === undefined) return refusal(400, 'bad-query');
  const all = registry.handles().filter(({ id }) => id > after);
  const handles: object[] = [];
  for (const [index, handle] of all.slice(0, limit).entries()) {
    if (index % turnHandles === turnHandles - 1) await nextTurn();
    const reading = new HandleReading();
    if (registry.source(handle.id)?.observe(reading.values)) handles.push(summary(handle, reading));
  }
  return ok({ handles, more: all.length > limit, next: all[limit - 1]?.id ?? null });
}

function oneHandle(id: number, { registry }: Shown): Answer {
  const handle = registry.handles().find((one) => one.id === id);
  const reading = registry.read(id);
  if (handle === undefined || reading === undefined) return refusal(404, 'no-such-handle');
  const failure = registry.source(id)?.error();
  const latencies = latenciesOf((name) => reading.histogram(name));
  return ok({ ...summary(handle, reading), latencies, error: failure === undefined ? null : describe(failure) });
}

async function totals({ registry }: Shown): Promise<object> {
  const { all, schemes } = await registry.collect();
  const described = Object.fromEntries([...schemes].map(([scheme, sum]) => [scheme, describeSum(sum)]));
  return { ...describeSum(all), schemes: described };
}

function eventPage(query: URLSearchParams, { events }: Shown): Answer {
  const after = numberOf(query, 'after', 0, Number.MAX_SAFE_INTEGER);
  return after === undefined ? refusal(400, 'bad-query') : ok(events.since(after, eventsMost));
}

function summary(handle: RegisteredHandle, reading: HandleReading): object {
  return { ...handle, values: Object.fromEntries(readingFields.map((field) => [field, reading.get(field)])) };
}

function describeSum(sum: SumReading): object {
  const values = Object.fromEntries(readingFields.map((field) => [field, sum.get(field)]));
  const { opened, open, failed } = sum;
  return { opened, open, failed, values, latencies: latenciesOf((name) => sum.histogram(name)) };
}

function latenciesOf(histogram: (name: (typeof latencyNames)[number]) => Histogram): object {
  return Object.fromEntries(latencyNames.map((name) => [name, describeLatency(histogram(name))]));
}

function describeLatency(histogram: Histogram): object {
  const { count, meanNs, maxNs } = histogram;
  const [p50Ns, p90Ns, p99Ns, p999Ns] = [500, 900, 990, 999].map((permille) => histogram.percentileNs(permille));
  return { count, meanNs, p50Ns, p90Ns, p99Ns, p999Ns, maxNs };
}

function describe(thrown: Error): object {
  const { code, offset, length } = thrown as { code?: unknown; offset?: unknown; length?: unknown };
  return { message: thrown.message, code, offset, length };
}

/** A number of a query, `fallback` where there is none, undefined for nonsense. */
function numberOf(query: URLSearchParams, name: string, fallback: number, most: number): number | undefined {
  const text = query.get(name);
  if (text === null) return fallback;
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return number <= most ? number : undefined;
}
