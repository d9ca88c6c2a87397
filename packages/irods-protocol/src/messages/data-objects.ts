import { integer, long, nested, nestedPointer, type Structure, structure, text } from '../packing/field.ts';
import { dimension } from './dimensions.ts';
import { type KeyValues, keyValPair } from './key-values.ts';

/** A mounted or linked collection. */
export interface SpecialCollection {
  collClass: number;
  type: number;
  collection: string;
  objPath: string;
  resource: string;
  rescHier: string;
  phyPath: string;
  cacheDir: string;
  cacheDirty: number;
  replNum: number;
}

const specialCollection: Structure<SpecialCollection> = structure<SpecialCollection>('SpecColl_PI', [
  integer('collClass'),
  integer('type'),
  text('collection', dimension.path),
  text('objPath', dimension.path),
  text('resource', dimension.name),
  text('rescHier', dimension.path),
  text('phyPath', dimension.path),
  text('cacheDir', dimension.path),
  integer('cacheDirty'),
  integer('replNum'),
]);

/** What most requests about a path carry. */
export interface DataObjInp {
  objPath: string;
  /** Stored as text; 0o600 is usual. */
  createMode: number;
  /** Of {@link openFlags}, whatever the client's own system has. */
  openFlags: number;
  offset: number;
  /** -1 for unknown; a positive one is an assertion that a close checks. */
  dataSize: number;
  numThreads: number;
  /** Of {@link operationType}. */
  oprType: number;
  specialCollection?: SpecialCollection | undefined;
  keyValues: KeyValues;
}

export const dataObjInp: Structure<DataObjInp> = structure<DataObjInp>('DataObjInp_PI', [
  text('objPath', dimension.path),
  integer('createMode'),
  integer('openFlags'),
  long('offset'),
  long('dataSize'),
  integer('numThreads'),
  integer('oprType'),
  nestedPointer('specialCollection', specialCollection),
  nested('keyValues', keyValPair),
]);

/** Source and destination of a rename or a copy. */
export interface DataObjCopyInp {
  source: DataObjInp;
  destination: DataObjInp;
}

export const dataObjCopyInp: Structure<DataObjCopyInp> = structure<DataObjCopyInp>('DataObjCopyInp_PI', [
  nested('source', dataObjInp),
  nested('destination', dataObjInp),
]);

/** A read, write, seek or close of a descriptor. */
export interface OpenedDataObjInp {
  l1descInx: number;
  len: number;
  /** Of a seek: 0 from the start, 1 from the position, 2 from the end. */
  whence: number;
  oprType: number;
  offset: number;
  bytesWritten: number;
  keyValues: KeyValues;
}

export const openedDataObjInp: Structure<OpenedDataObjInp> = structure<OpenedDataObjInp>('OpenedDataObjInp_PI', [
  integer('l1descInx'),
  integer('len'),
  integer('whence'),
  integer('oprType'),
  long('offset'),
  long('bytesWritten'),
  nested('keyValues', keyValPair),
]);

/** Where a seek went, or the code of a seek that failed. */
export interface SeekResult {
  offset: number;
}

export const seekResult: Structure<SeekResult> = structure<SeekResult>('fileLseekOut_PI', [long('offset')]);

/** What a path is. */
export interface RodsObjStat {
  objSize: number;
  /** 1 data object, 2 collection. */
  objType: number;
  dataMode: number;
  dataId: string;
  chksum: string;
  ownerName: string;
  ownerZone: string;
  /** Seconds since 1970, 11 digits. */
  createTime: string;
  modifyTime: string;
  specialCollection?: SpecialCollection | undefined;
}

export const rodsObjStat: Structure<RodsObjStat> = structure<RodsObjStat>('RodsObjStat_PI', [
  long('objSize'),
  integer('objType'),
  integer('dataMode'),
  text('dataId', dimension.name),
  text('chksum', dimension.name),
  text('ownerName', dimension.name),
  text('ownerZone', dimension.name),
  text('createTime', dimension.time),
  text('modifyTime', dimension.time),
  nestedPointer('specialCollection', specialCollection),
]);

/** Where else the bytes of a transfer are; all zero when they are in the reply. */
export interface PortList {
  portNum: number;
  cookie: number;
  sock: number;
  windowSize: number;
  hostAddr: string;
}

export interface PortalOprOut {
  status: number;
  l1descInx: number;
  numThreads: number;
  chksum: string;
  portList: PortList;
}

export const portalOprOut: Structure<PortalOprOut> = structure<PortalOprOut>('PortalOprOut_PI', [
  integer('status'),
  integer('l1descInx'),
  integer('numThreads'),
  text('chksum', dimension.name),
  nested(
    'portList',
    structure<PortList>('PortList_PI', [
      integer('portNum'),
      integer('cookie'),
      integer('sock'),
      integer('windowSize'),
      text('hostAddr', dimension.longName),
    ]),
  ),
]);

export interface TransferStat {
  numThreads: number;
  flags: number;
  bytesWritten: number;
}

export const transferStat: Structure<TransferStat> = structure<TransferStat>('TransferStat_PI', [
  integer('numThreads'),
  integer('flags'),
  long('bytesWritten'),
]);

/** A text, such as a checksum or a JSON document. */
export interface TextResult {
  myStr: string;
}

export const textResult: Structure<TextResult> = structure<TextResult>('STR_PI', [text('myStr')]);
