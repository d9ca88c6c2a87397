import { integer, omittableInteger, type Structure, structure, text } from '../packing/field.ts';
import { dimension } from './dimensions.ts';

/** The first message of a client; body of `RODS_CONNECT`. Always XML, without a known dialect. */
export interface StartupPack {
  /** How bodies are packed from now on: 1 XML, 0 native. */
  irodsProt: number;
  /** 0; python-irodsclient leaves it out. */
  reconnFlag?: number | undefined;
  connectCnt: number;
  /** The account that authenticates. */
  proxyUser: string;
  proxyRcatZone: string;
  /** On whose behalf. */
  clientUser: string;
  clientRcatZone: string;
  /** `rods4.3.2`: decides which dialect of XML the server writes. */
  relVersion: string;
  /** `d`. */
  apiVersion: string;
  /** The name of the program, and {@link negotiationRequest} behind it. */
  option: string;
}

export const startupPack: Structure<StartupPack> = structure<StartupPack>('StartupPack_PI', [
  integer('irodsProt'),
  omittableInteger('reconnFlag'),
  integer('connectCnt'),
  text('proxyUser', dimension.name),
  text('proxyRcatZone', dimension.name),
  text('clientUser', dimension.name),
  text('clientRcatZone', dimension.name),
  text('relVersion', dimension.name),
  text('apiVersion', dimension.name),
  text('option', dimension.longName),
]);

/** What the server says of itself, or why it refuses; body of `RODS_VERSION`. */
export interface VersionMessage {
  /** Negative: refused. */
  status: number;
  /** `rods4.3.5`. */
  relVersion: string;
  apiVersion: string;
  reconnPort: number;
  reconnAddr: string;
  cookie: number;
}

export const versionMessage: Structure<VersionMessage> = structure<VersionMessage>('Version_PI', [
  integer('status'),
  text('relVersion', dimension.name),
  text('apiVersion', dimension.name),
  integer('reconnPort'),
  text('reconnAddr', dimension.longName),
  integer('cookie'),
]);

/** A step of the negotiation; body of `RODS_CS_NEG_T`. */
export interface NegotiationMessage {
  /** 1, or 0 for a failure. */
  status: number;
  /** The server's policy, or the client's result as {@link negotiationAnswer} writes it. */
  result: string;
}

export const negotiationMessage: Structure<NegotiationMessage> = structure<NegotiationMessage>('CS_NEG_PI', [
  integer('status'),
  text('result', dimension.path),
]);
