import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';

/** Begins TLS on a connection, as the server. Errors: what the handshake says. */
export async function encrypt(socket: Socket, secureContext: SecureContext): Promise<TLSSocket> {
  const encrypted = new TLSSocket(socket, { isServer: true, secureContext });
  await new Promise<void>((resolve, reject) => {
    encrypted.once('secure', resolve);
    encrypted.once('error', reject);
    encrypted.once('close', () => reject(new Error('the connection ended in the handshake')));
  });
  encrypted.removeAllListeners('error');
  return encrypted;
}
