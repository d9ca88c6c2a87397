import type { ServerResponse } from 'node:http';
import { adminVersion, type Shown } from './admin-answers.ts';
import { type EventLevel, eventLevels, type LogEvent } from './event-log.ts';

/** What a client may have waiting; beyond it messages are dropped. */
const waitingBytesMost = 256 * 1024;

/** A client that has read nothing for so many windows is let go. */
const stuckMost = 10;

/**
 * Server-sent events for one client: `window` at each interval (statistics since the last), `log` for each event of the
 * log as it happens. A client that does not read loses messages, hears of it (`dropped`), and is let go in the end;
 * nobody waits for him. Clause: V5.
 *
 * @returns A function that ends it.
 */
export function stream(
  response: ServerResponse,
  { registry, events }: Shown,
  { intervalMs, level }: { intervalMs: number; level: EventLevel },
): () => void {
  const window = registry.window();
  const least = eventLevels.indexOf(level);
  let dropped = 0;
  let stuck = 0;
  let isReading = false;
  const send = (name: string, data: object): void => {
    if (response.writableLength > waitingBytesMost) {
      dropped++;
      return;
    }
    response.write(`event: ${name}\ndata: ${JSON.stringify({ version: adminVersion, dropped, ...data })}\n\n`);
  };
  const leave = events.subscribe((event: LogEvent) => {
    if (eventLevels.indexOf(event.level) >= least) send('log', event);
  });
  const tick = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    const reading = await window.read();
    isReading = false;
    if (response.destroyed) return;
    stuck = response.writableLength > waitingBytesMost ? stuck + 1 : 0;
    if (stuck > stuckMost) response.destroy();
    else send('window', reading);
  };
  const timer = setInterval(tick, intervalMs);
  timer.unref();
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  send('hello', { pid: process.pid, intervalMs });
  const end = (): void => {
    clearInterval(timer);
    leave();
  };
  response.once('close', end);
  return () => {
    end();
    response.end();
  };
}
