/** How a data object is opened: Linux's numbers, on every system. */
export const openFlags = {
  readOnly: 0,
  writeOnly: 1,
  readWrite: 2,
  create: 0x40,
  /** No promise; see ADR 0024. */
  exclusive: 0x80,
  truncate: 0x200,
  append: 0x400,
} as const;

/** Values of `oprType`. */
export const operationType = {
  none: 0,
  put: 1,
  get: 2,
  replicate: 6,
  copyDestination: 9,
  copySource: 10,
  /** Without a look at locks: writers lose data. */
  renameDataObject: 11,
  renameCollection: 12,
  /** The one that looks at locks. */
  rename: 22,
  unregister: 26,
} as const;

/** Column DATA_REPL_STATUS. */
export const replicaStatus = { stale: 0, good: 1, intermediate: 2, readLocked: 3, writeLocked: 4 } as const;

/** Keywords of conditions. */
export const keyword = {
  admin: 'irodsAdmin',
  all: 'all',
  checksumAll: 'ChksumAll',
  computeNoChecksum: 'no_compute',
  dataIncluded: 'dataIncluded',
  dataSize: 'dataSize',
  dataType: 'dataType',
  defaultResource: 'defRescName',
  destinationResource: 'destRescName',
  force: 'forceFlag',
  forceChecksum: 'forceChksum',
  hierarchy: 'resc_hier',
  leafResource: 'leafRescName',
  objectType: 'selObjType',
  operationOfResource: 'getResourceInfoOpType',
  recursive: 'recursiveOpr',
  registerChecksum: 'regChksum',
  removeTrash: 'irodsRmTrash',
  replicaNumber: 'replNum',
  replicaToken: 'replicaToken',
  resource: 'rescName',
  ticket: 'ticket',
  updateReplicas: 'updateRepl',
  verifyChecksum: 'verifyChksum',
  zone: 'zone',
} as const;
