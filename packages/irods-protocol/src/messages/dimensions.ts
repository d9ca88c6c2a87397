/** Bytes of fields, with the NUL. */
export const dimension = {
  messageType: 128,
  name: 64,
  shortText: 32,
  longName: 256,
  path: 1088,
  time: 32,
  errorMessage: 1024,
} as const;

/** Bytes of a path at most, as UTF-8. */
export const pathLengthMax: number = dimension.path - 1;
/** Columns of a query. */
export const queryColumnsMax = 50;
/** Rows of a page that every server gives. */
export const queryRowsMax = 256;
