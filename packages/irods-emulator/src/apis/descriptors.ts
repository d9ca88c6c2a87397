import {
  type BytesBuffer,
  type DataObjInp,
  isAtLeast,
  jsonBuffer,
  type OpenedDataObjInp,
  openFlags,
  PackingError,
  parseJsonBuffer,
  replicaStatus,
  type SeekResult,
  version,
} from '@libconveyor/irods-protocol';
import { IrodsFailure } from '../irods-failure.ts';
import { closeObject, closeReplica } from '../objects/close.ts';
import { type Descriptor, isDescriptorNumber, isWriter } from '../objects/descriptor.ts';
import { openObject } from '../objects/open.ts';
import { requireRoom } from '../objects/zone-state.ts';
import { AgentCrash, type ApiCall, type ApiReply } from './api-call.ts';
import { seconds } from './times.ts';

function open({ zone, session, person }: ApiCall<unknown>, input: DataObjInp): Descriptor {
  const fd = session.descriptors.reserve();
  const descriptor = openObject(zone, { agentId: session.agentId, person, fd }, input);
  session.descriptors.add(descriptor);
  return descriptor;
}

/** DATA_OBJ_OPEN */
export function dataObjOpen(call: ApiCall<DataObjInp>): ApiReply<undefined> {
  return { intInfo: open(call, call.input).fd };
}

/** DATA_OBJ_CREATE: not exclusive, and it truncates. */
export function dataObjCreate(call: ApiCall<DataObjInp>): ApiReply<undefined> {
  const exclusive = call.input.openFlags & openFlags.exclusive;
  const flags = openFlags.create | openFlags.readWrite | openFlags.truncate | exclusive;
  return { intInfo: open(call, { ...call.input, openFlags: flags }).fd };
}

/** REPLICA_OPEN */
export function replicaOpen(call: ApiCall<DataObjInp>): ApiReply<BytesBuffer> {
  const descriptor = open(call, call.input);
  return { intInfo: descriptor.fd, output: jsonBuffer(describe(call, descriptor), true) };
}

/** GET_FILE_DESCRIPTOR_INFO */
export function descriptorInfo(call: ApiCall<BytesBuffer>): ApiReply<BytesBuffer> {
  const { fd } = parse(call.input) as { fd?: unknown };
  if (typeof fd !== 'number') throw new IrodsFailure('SYS_INVALID_INPUT_PARAM');
  if (fd > 2000 || fd < -2000) throw new AgentCrash('a descriptor far out of range');
  const descriptor = call.session.descriptors.find(fd);
  const nothing = { replica_token: null, data_object_info: null, data_object_input: null, in_use: false };
  return { output: jsonBuffer(descriptor === undefined ? nothing : describe(call, descriptor), true) };
}

function describe({ zone }: ApiCall<unknown>, descriptor: Descriptor): object {
  const { object, replica, lock, flags, bytesWritten, created, announcedSize } = descriptor;
  const openType = created ? 1 : isWriter(descriptor) ? 3 : 2;
  return {
    bytes_written: bytesWritten === 0 ? -1 : bytesWritten,
    checksum: '',
    data_object_info: {
      checksum: replica.checksum,
      collection_id: object.parent.id,
      data_create: seconds(replica.createdS),
      data_id: object.id,
      data_mode: String(replica.mode),
      data_modify: seconds(replica.modifiedS),
      data_owner_name: object.owner,
      data_owner_zone: zone.catalog.zone,
      data_size: replica.size,
      data_type: object.dataType,
      file_path: `/vault/${replica.file.name}`,
      is_replica_current: replica.status === replicaStatus.good,
      object_path: zone.catalog.pathOf(object),
      replica_number: replica.number,
      replica_status: replica.status,
      resource_hierarchy: replica.hierarchy,
      resource_id: zone.resources.leafOf(replica.hierarchy).id,
      resource_name: zone.resources.leafOf(replica.hierarchy).name,
    },
    data_object_input: {
      condition_input: [{ key: 'resc_hier', value: replica.hierarchy }],
      data_size: announcedSize,
      object_path: zone.catalog.pathOf(object),
      open_flags: flags,
    },
    in_use: true,
    open_type: openType,
    replica_token: isWriter(descriptor) ? (lock?.token ?? '') : '',
  };
}

function parse(input: BytesBuffer): unknown {
  try {
    return parseJsonBuffer(input);
  } catch (thrown) {
    if (thrown instanceof PackingError) throw new IrodsFailure('JSON_VALIDATION_ERROR', thrown.message);
    throw thrown;
  }
}

/** DATA_OBJ_READ */
export function dataObjRead({ session, input, shortTo }: ApiCall<OpenedDataObjInp>): ApiReply<undefined> {
  const descriptor = session.descriptors.require(input.l1descInx);
  const { replica, flags, sizeAtOpen, bytesWritten, position } = descriptor;
  const mode = flags & 3;
  if (mode === openFlags.writeOnly) {
    if (replica.size === 0) return { intInfo: 0 };
    throw new IrodsFailure(-512_009);
  }
  // A descriptor for both that found the object empty sees nothing until it has written itself.
  const isBlind = mode === openFlags.readWrite && sizeAtOpen === 0 && bytesWritten === 0;
  const end = mode === openFlags.readOnly ? sizeAtOpen : Number.MAX_SAFE_INTEGER;
  const length = Math.min(Math.max(0, input.len), Math.max(0, end - position), shortTo ?? Number.MAX_SAFE_INTEGER);
  if (isBlind || length === 0) return { intInfo: 0 };
  const bytes = replica.file.read(position, length);
  descriptor.position += bytes.length;
  return { intInfo: bytes.length, bytes };
}

/** DATA_OBJ_WRITE: what counts is the stream, not `len`. */
export function dataObjWrite({ zone, session, input, bytes, shortTo }: ApiCall<OpenedDataObjInp>): ApiReply<undefined> {
  const descriptor = session.descriptors.require(input.l1descInx);
  if (bytes.length === 0 && input.len > 0) throw new IrodsFailure('SYS_API_INPUT_ERR');
  if (!isWriter(descriptor)) throw new IrodsFailure(-513_009);
  const { replica, flags, created } = descriptor;
  const accepted = bytes.subarray(0, shortTo);
  if ((flags & openFlags.append) !== 0 && !created) descriptor.position = replica.file.size;
  requireRoom(zone, descriptor.position + accepted.length - replica.file.size);
  replica.file.write(descriptor.position, accepted);
  descriptor.position += accepted.length;
  descriptor.bytesWritten += accepted.length;
  return { intInfo: accepted.length };
}

/** DATA_OBJ_LSEEK. A seek that fails has its code in the body, too. */
export function dataObjSeek({ session, input }: ApiCall<OpenedDataObjInp>): ApiReply<SeekResult> {
  const descriptor = session.descriptors.require(input.l1descInx);
  const { replica, position, sizeAtOpen } = descriptor;
  const isReader = !isWriter(descriptor);
  const size = isReader ? sizeAtOpen : replica.file.size;
  const base = [0, position, size][input.whence];
  const target = (base ?? Number.NaN) + input.offset;
  if (!(target >= 0)) return { intInfo: -518_022, output: { offset: -518_022 } };
  descriptor.position = isReader ? Math.min(target, size) : target;
  return { output: { offset: descriptor.position } };
}

/** DATA_OBJ_CLOSE */
export function dataObjClose({ zone, session, input }: ApiCall<OpenedDataObjInp>): ApiReply<undefined> {
  if (!isDescriptorNumber(input.l1descInx)) throw new IrodsFailure('SYS_FILE_DESC_OUT_OF_RANGE');
  const descriptor = session.descriptors.find(input.l1descInx);
  if (descriptor === undefined) throw new IrodsFailure('SYS_INVALID_INPUT_PARAM');
  if (descriptor.broken) throw new IrodsFailure('KEY_NOT_FOUND');
  session.descriptors.free(descriptor);
  return { intInfo: closeObject(zone, session.agentId, descriptor) };
}

/** REPLICA_CLOSE. A second one of the same descriptor kills the agent, as in all versions. */
export function replicaClose({ zone, session, input }: ApiCall<BytesBuffer>): ApiReply<undefined> {
  const flags = parse(input) as Record<string, unknown>;
  const { fd, update_size = true, update_status = true, compute_checksum = false } = flags;
  if (typeof fd !== 'number') throw new IrodsFailure('SYS_INVALID_INPUT_PARAM');
  if (!isDescriptorNumber(fd)) throw new IrodsFailure('BAD_INPUT_DESC_INDEX');
  const descriptor = session.descriptors.find(fd);
  if (descriptor === undefined || descriptor.broken) throw new AgentCrash('a descriptor was closed twice');
  if (compute_checksum === true && update_status !== true) {
    descriptor.broken = true;
    throw new IrodsFailure(isAtLeast(zone.version, version(5, 0, 0)) ? 'HIERARCHY_ERROR' : 'USER_INCOMPATIBLE_PARAMS');
  }
  session.descriptors.free(descriptor);
  closeReplica(zone, session.agentId, descriptor, {
    updateSize: update_size === true,
    updateStatus: update_status === true,
    computeChecksum: compute_checksum === true,
  });
  return {};
}
