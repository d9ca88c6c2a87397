/** The iRODS protocol as bytes and messages, without sockets: what a client and a server both need. */
export { type Api, type ApiName, apiNameOf, apis, findApi, hasApi } from './api.ts';
export { nativeDigest, passwordLengthMax, sessionSignature } from './authentication/native-digest.ts';
export {
  hidePassword,
  type PasswordFileFacts,
  revealPassword,
  storedPasswordLengthMax,
} from './authentication/password-file.ts';
export { type LoginStep, loginOperation, pamContext, parsePamContext } from './authentication/plugin-login.ts';
export { type Checksum, type ChecksumAlgorithm, formatChecksum, parseChecksum } from './checksum.ts';
export { defaultEncryption, type EncryptionSettings, encodeEncryption, parseEncryption } from './encryption.ts';
export {
  explainIrodsCode,
  fileErrorBase,
  type IrodsErrorMeaning,
  type IrodsErrorName,
  irodsCode,
  isLockedCode,
  isMissingCode,
} from './error-codes.ts';
export {
  decodeHeader,
  encodeFrame,
  encodeHeader,
  type Frame,
  type FrameHeader,
  type FrameInput,
  frameType,
  headerLengthMax,
} from './frame.ts';
export { FrameReader, type FrameReaderOptions, type PendingFrame } from './frame-reader.ts';
export {
  type EndTransactionInp,
  endTransactionInp,
  type MiscSvrInfo,
  type ModAccessControlInp,
  type ModAvuMetadataInp,
  miscSvrInfo,
  modAccessControlInp,
  modAvuMetadataInp,
  type TicketAdminInp,
  ticketAdminInp,
} from './messages/administration.ts';
export {
  type CollInpNew,
  type CollOprStat,
  collectionProgress,
  collectionProgressAnswer,
  collInpNew,
  collOprStat,
} from './messages/collections.ts';
export {
  type DataObjCopyInp,
  type DataObjInp,
  dataObjCopyInp,
  dataObjInp,
  type OpenedDataObjInp,
  openedDataObjInp,
  type PortalOprOut,
  type PortList,
  portalOprOut,
  type RodsObjStat,
  rodsObjStat,
  type SeekResult,
  type SpecialCollection,
  seekResult,
  type TextResult,
  type TransferStat,
  textResult,
  transferStat,
} from './messages/data-objects.ts';
export { dimension, pathLengthMax, queryColumnsMax, queryRowsMax } from './messages/dimensions.ts';
export { errorBlock, type ServerMessage } from './messages/error-block.ts';
export {
  type GenQuery2Inp,
  type GenQueryInp,
  type GenQueryOut,
  genQuery2Inp,
  genQueryInp,
  genQueryOut,
  type ResultColumn,
  rowsOf,
  type SpecificQueryInp,
  specificQueryInp,
} from './messages/gen-query.ts';
export { type BytesBuffer, binBytesBuf, jsonBuffer, parseJson, parseJsonBuffer } from './messages/json-buffer.ts';
export { conditionOf, type KeyValues, keyValPair, keyValuesOf } from './messages/key-values.ts';
export {
  type AuthPlugReqInp,
  type AuthPlugReqOut,
  type AuthRequestOut,
  type AuthResponseInp,
  authPlugReqInp,
  authPlugReqOut,
  authRequestOut,
  authResponseInp,
  type PamAuthRequestInp,
  type PamAuthRequestOut,
  pamAuthRequestInp,
  pamAuthRequestOut,
  type SslStartInp,
  sslEndInp,
  sslStartInp,
} from './messages/login.ts';
export {
  type NegotiationMessage,
  negotiationMessage,
  type StartupPack,
  startupPack,
  type VersionMessage,
  versionMessage,
} from './messages/startup.ts';
export {
  type NegotiationPolicy,
  type NegotiationResult,
  negotiate,
  negotiationAnswer,
  negotiationPolicies,
  negotiationRequest,
  parseNegotiationAnswer,
} from './negotiation.ts';
export { keyword, openFlags, operationType, replicaStatus } from './open-flags.ts';
export { type Field, type Structure, structure } from './packing/field.ts';
export type { PackReader, PackWriter } from './packing/pack-stream.ts';
export { modernXml, nativePacking, oldXml, type Packing, pack, unpack } from './packing/packing.ts';
export { PackingError } from './packing/packing-error.ts';
export type { XmlEscapes } from './packing/xml-text.ts';
export { type ColumnName, column, queryOption, select } from './queries/columns.ts';
export { differsFrom, equalTo, isSplitByServers, literal2, startsWith } from './queries/conditions.ts';
export {
  isAtLeast,
  oldestSupported,
  packingFor,
  parseRelVersion,
  relVersionOf,
  type ServerVersion,
  version,
} from './server-version.ts';
