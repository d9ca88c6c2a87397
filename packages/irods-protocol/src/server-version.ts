import { modernXml, nativePacking, oldXml, type Packing } from './packing/packing.ts';

/** A version of iRODS. */
export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Shorthand: `version(4, 3, 2)`. */
export function version(major: number, minor: number, patch: number): ServerVersion {
  return { major, minor, patch };
}

/** The oldest version whose locks and replica tokens are understood here. */
export const oldestSupported: ServerVersion = version(4, 2, 9);

/** The version in a `relVersion`, `rods4.3.5` for instance; undefined when there is none. */
export function parseRelVersion(relVersion: string): ServerVersion | undefined {
  const [, major, minor, patch = '0'] = /^rods(\d+)\.(\d+)(?:\.(\d+))?/.exec(relVersion) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  return version(Number(major), Number(minor), Number(patch));
}

/** The `relVersion` of a version. */
export function relVersionOf({ major, minor, patch }: ServerVersion): string {
  return `rods${major}.${minor}.${patch}`;
}

/** Whether a version is another one or newer. */
export function isAtLeast(one: ServerVersion, other: ServerVersion): boolean {
  if (one.major !== other.major) return one.major > other.major;
  if (one.minor !== other.minor) return one.minor > other.minor;
  return one.patch >= other.patch;
}

/**
 * How bodies are packed for a peer.
 *
 * @param irodsProt Of the startup pack: 1 XML, 0 native.
 * @param peer The version that the peer announced; undefined when it announced none.
 */
export function packingFor(irodsProt: number, peer: ServerVersion | undefined): Packing {
  if (irodsProt === 0) return nativePacking;
  return peer !== undefined && isAtLeast(peer, oldestSupported) ? modernXml : oldXml;
}
