/** Encodes as SigV4 asks for: everything but unreserved characters, as UTF-8 bytes; `/` too unless kept. */
export function awsEncode(text: string, keepSlash = false): string {
  const encoded = encodeURIComponent(text).replace(/[!'()*]/g, hex);
  return keepSlash ? encoded.replaceAll('%2F', '/') : encoded;
}

function hex(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** Decodes percent signs; undefined when that makes no UTF-8 text. */
export function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** As listings encode keys when `encoding-type=url` is asked for: as a form does, with `/` kept. */
export function listEncode(text: string): string {
  return awsEncode(text, true).replaceAll('%20', '+').replaceAll('%2A', '*');
}

/** The parameters of a query in order, decoded; a `+` is a space. Undefined when one is no UTF-8 text. */
export function parseQuery(query: string): [string, string][] | undefined {
  const parameters: [string, string][] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const [name = '', ...rest] = part.replaceAll('+', '%20').split('=');
    const decodedName = percentDecode(name);
    const decodedValue = percentDecode(rest.join('='));
    if (decodedName === undefined || decodedValue === undefined) return undefined;
    parameters.push([decodedName, decodedValue]);
  }
  return parameters;
}
