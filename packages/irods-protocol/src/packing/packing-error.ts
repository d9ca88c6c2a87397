/** Bytes that are no such message, or a value that no message can carry. */
export class PackingError extends Error {
  override readonly name = 'PackingError';
  /** The code that a server answers such bytes with: -15000, -308000, -324000. */
  readonly irodsCode: number;

  constructor(message: string, irodsCode: number = unpackFailed) {
    super(message);
    this.irodsCode = irodsCode;
  }
}

/** SYS_PACK_INSTRUCT_FORMAT_ERR: an element is missing or not where it belongs. */
export const unpackFailed = -15000;
/** USER_PACKSTRUCT_INPUT_ERR: a text does not fit its field. */
export const textTooLong = -308000;
/** BASE64_BUFFER_OVERFLOW: more bytes than announced. */
export const bufferOverflow = -324000;
