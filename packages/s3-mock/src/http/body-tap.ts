import type { IncomingMessage } from 'node:http';
import type { Route } from '@libconveyor/storage/link';
import type { MockFault } from '../faults/mock-fault.ts';
import type { StatisticsCounter } from '../statistics.ts';
import type { BodyTap } from './request-body.ts';
import { sever } from './severed.ts';

export interface TapSettings {
  readonly message: IncomingMessage;
  readonly route: Route;
  readonly statistics: StatisticsCounter;
  readonly fault: MockFault | undefined;
  /** Lets the client go on that waits for `100 Continue`. */
  begin(): Promise<void> | undefined;
  stall(): Promise<void>;
  /** Told of every piece: when the last one came decides when the answer is due. */
  noteArrival(): void;
}

/** Paces and counts the bytes of a request's body, and lets a fault strike among them. */
export function tapBody(settings: TapSettings): BodyTap {
  const { message, route, statistics, fault } = settings;
  const strikesAt = strikingPosition(message, fault);
  let position = 0;
  return {
    begin: () => settings.begin(),
    arrived: (bytes) => {
      statistics.bytesReceived += bytes.length;
      const cut = strikesAt - position;
      position += bytes.length;
      const strikes = cut >= 0 && cut < bytes.length;
      if (strikes && fault?.kind === 'corrupt') bytes[cut] = (bytes[cut] ?? 0) ^ 1;
      if (strikes && fault?.kind === 'reset') sever(message.socket, 'reset');
      const wait = route.carry(bytes.length);
      settings.noteArrival();
      if (strikes && fault?.kind === 'stall') return Promise.all([wait, settings.stall()]);
      return wait?.then(() => settings.noteArrival());
    },
  };
}

function strikingPosition(message: IncomingMessage, fault: MockFault | undefined): number {
  const isHere =
    fault !== undefined &&
    ((fault.kind === 'corrupt' && fault.where === 'request') || ('when' in fault && fault.when === 'request'));
  if (!isHere) return Number.NaN;
  const length = Number(message.headers['content-length'] ?? 0);
  const bytes = 'bytes' in fault ? fault.bytes : undefined;
  return Math.min(bytes ?? Math.floor(length / 2), Math.max(0, length - 1));
}
