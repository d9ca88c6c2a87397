import type { Socket } from 'node:net';

/** The connection was ended on purpose: there is nobody to answer any more. */
export class Severed extends Error {
  override readonly name = 'Severed';
}

/** Ends a connection with RST (`reset`), or in good order once all was sent that was written (`close`). */
export function sever(socket: Socket | null, how: 'reset' | 'close'): never {
  if (how === 'reset') socket?.resetAndDestroy();
  else socket?.destroySoon();
  throw new Severed(`The connection was ended by a fault (${how})`);
}

/** Resolves when the kernel has everything that was written, or the connection is gone. */
export async function flushed(socket: Socket | null): Promise<void> {
  while (socket !== null && !socket.destroyed && socket.writableLength > 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
