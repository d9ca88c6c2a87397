import { integer, long, nested, omittableInteger, type Structure, structure, text } from '../packing/field.ts';
import { dimension } from './dimensions.ts';
import { type KeyValues, keyValPair } from './key-values.ts';

/** The creation or removal of a collection. */
export interface CollInpNew {
  collName: string;
  /** 0; python-irodsclient leaves it and `oprType` out. */
  flags?: number | undefined;
  oprType?: number | undefined;
  keyValues: KeyValues;
}

export const collInpNew: Structure<CollInpNew> = structure<CollInpNew>('CollInpNew_PI', [
  text('collName', dimension.path),
  omittableInteger('flags'),
  omittableInteger('oprType'),
  nested('keyValues', keyValPair),
]);

/** How far the removal of a collection is. */
export interface CollOprStat {
  filesCnt: number;
  totalFileCnt: number;
  bytesWritten: number;
  lastObjPath: string;
}

export const collOprStat: Structure<CollOprStat> = structure<CollOprStat>('CollOprStat_PI', [
  integer('filesCnt'),
  integer('totalFileCnt'),
  long('bytesWritten'),
  text('lastObjPath', dimension.path),
]);

/**
 * `intInfo` of replies in the midst of a recursive removal. Each is to be answered with
 * {@link collectionProgressAnswer} as four bytes, big endian, without a frame.
 */
export const collectionProgress = 99_999_996;
export const collectionProgressAnswer = 99_999_997;
