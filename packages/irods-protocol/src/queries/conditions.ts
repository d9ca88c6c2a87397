/**
 * A value that a condition cannot carry: servers take what is between the first and the last quote as the value, except
 * that a quote, `||` or `&&`, and a quote inside of it split it. They do the same to their own look-ups, so that a path
 * with such a text must not be created either: it would leave a row that nobody can open or remove.
 */
export function isSplitByServers(value: string): boolean {
  return /'\s*(?:\|\||&&)\s*'/.test(value);
}

function quoted(value: string): string {
  if (isSplitByServers(value)) throw new RangeError(`servers cannot be asked for ${JSON.stringify(value)}`);
  return `'${value}'`;
}

/** `= 'value'`. Errors: RangeError for a value that servers split. */
export function equalTo(value: string): string {
  return `= ${quoted(value)}`;
}

/** `<> 'value'`. Errors: RangeError for a value that servers split. */
export function differsFrom(value: string): string {
  return `<> ${quoted(value)}`;
}

/** Texts that begin with a prefix, whatever is in it. Errors: RangeError for a value that servers split. */
export function startsWith(prefix: string): string {
  return `like ${quoted(`${prefix.replace(/[\\%_]/g, '\\$&')}%`)}`;
}

/** A literal of the second kind of query. */
export function literal2(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
