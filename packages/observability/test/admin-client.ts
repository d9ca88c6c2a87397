import { type IncomingMessage, request } from 'node:http';

/** What an admin endpoint has answered. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** One request to an admin endpoint. */
export async function ask(socketPath: string, path: string, post?: unknown, method?: string): Promise<AdminAnswer> {
  const text = post === undefined ? undefined : typeof post === 'string' ? post : JSON.stringify(post);
  const response = await send(socketPath, path, method ?? (post === undefined ? 'GET' : 'POST'), text);
  let body = '';
  for await (const piece of response) body += piece;
  return { status: response.statusCode ?? 0, body: JSON.parse(body) };
}

/** The response to a request, unread. */
export function send(socketPath: string, path: string, method = 'GET', text?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method, agent: false }, resolve);
    asked.on('error', reject);
    asked.end(text);
  });
}

/** The messages of a stream, one after the other. */
export async function* messages(
  response: IncomingMessage,
): AsyncGenerator<{ name: string; data: Record<string, unknown> }> {
  let text = '';
  for await (const piece of response) {
    text += piece;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      yield { name, data: JSON.parse(data) };
    }
  }
}
