import type { Answer } from './connections.ts';
import { S3Failure } from './failure.ts';
import { parseXml, textOf } from './xml.ts';

/** What a status means when the answer has no document, as those to HEAD. */
const codeByStatus: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  304: 'NotModified',
  307: 'TemporaryRedirect',
  400: 'BadRequest',
  403: 'AccessDenied',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  411: 'MissingContentLength',
  412: 'PreconditionFailed',
  416: 'InvalidRange',
  500: 'InternalError',
  501: 'NotImplemented',
  503: 'ServiceUnavailable',
};

/** Whether a 200 says in its body that the call has failed: what takes long is answered before it is done. */
export function isErrorDocument({ body }: Answer): boolean {
  const document = parseXml(body.toString('utf8'));
  return document === undefined || document.name === 'Error';
}

/** What an answer that is none of success says. */
export function failureOf(call: string, { status, headers, body }: Answer): S3Failure {
  const document = body.byteLength === 0 ? undefined : parseXml(body.toString('utf8'));
  const error = document?.name === 'Error' ? document.root : undefined;
  const isUnfinished = status === 200 && error === undefined;
  const code = textOf(error, 'Code') ?? (isUnfinished ? 'InternalError' : (codeByStatus[status] ?? `Http${status}`));
  const text = textOf(error, 'Message') ?? (isUnfinished ? 'the answer is no document' : `status ${status}`);
  const requestId = headerText(headers['x-amz-request-id']) ?? textOf(error, 'RequestId');
  return new S3Failure(`${call}: ${code}: ${text}`, {
    code,
    status,
    call,
    requestId,
    retryAfterMs: retryAfterMs(headerText(headers['retry-after']), headerText(headers.date)),
    region: headerText(headers['x-amz-bucket-region']) ?? textOf(error, 'Region'),
    location: headerText(headers.location) ?? endpointLocation(textOf(error, 'Endpoint')),
    serverTimeMs: timeMs(headerText(headers.date)) ?? timeMs(textOf(error, 'ServerTime')),
    condition: textOf(error, 'Condition'),
  });
}

export function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function endpointLocation(host: string | undefined): string | undefined {
  // Buckets of Amazon are found by their region.
  return host === undefined || host.includes('amazonaws.com') ? undefined : `https://${host}/`;
}

/** Seconds, or a date by the server's own clock. */
function retryAfterMs(text: string | undefined, date: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const [at, now] = [timeMs(text), timeMs(date)];
  return at === undefined || now === undefined ? undefined : Math.max(0, at - now);
}

function timeMs(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
