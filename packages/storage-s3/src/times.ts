/** Where rclone and s3fs keep when a file was changed, seconds since 1970; S3 itself only knows when it was put. */
const mtimeHeader = 'x-amz-meta-mtime';

type Headers = Readonly<Record<string, string>>;

/** Headers with this time of change, milliseconds since 1970; with none when it is undefined. */
export function withMtime(kept: Headers, mtimeMs: number | undefined): Headers {
  const { [mtimeHeader]: _, ...others } = kept;
  return mtimeMs === undefined ? others : { ...others, [mtimeHeader]: secondsText(mtimeMs) };
}

/** When the file was changed, as its owner says; undefined where nobody said so, or nothing that makes sense. */
export function mtimeOf(kept: Headers): number | undefined {
  const text = kept[mtimeHeader];
  if (text === undefined || !/^-?\d{1,12}(\.\d+)?$/.test(text)) return undefined;
  // To the microsecond, which is what a number of this size can tell apart.
  return Math.round(Number(text) * 1e6) / 1e3;
}

/** Whether an object with one set of headers says the same of itself as with the other. */
export function isSameKept(one: Headers, other: Headers): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

function secondsText(ms: number): string {
  return (ms / 1000).toFixed(6).replace(/\.?0+$/, '');
}
