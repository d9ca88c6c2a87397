/** The errors of all conveyor packages: one taxonomy, one look. */
export {
  argumentRangeError,
  argumentTypeError,
  type CodedRangeError,
  type CodedTypeError,
  requireBoolean,
  requireFunction,
  requireInteger,
  requireOneOf,
  requireOptions,
  requireString,
  unknownOptionError,
} from './arguments.ts';
export { type ErrorCode, type ErrorKind, findOwnCode, type OwnCode, ownCodeList, type Retry } from './codes.ts';
export { ConveyorError, type ConveyorErrorJson, type ErrorDetails, isConveyorError } from './conveyor-error.ts';
export { describeError } from './describe-error.ts';
export { type Errno, type ErrnoName, errnoTable, findErrno } from './errno.ts';
export { errnoError, systemError } from './from-errno.ts';
