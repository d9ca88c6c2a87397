import { MemoryFailure } from './error-map.ts';
import type { SparseBytes } from './sparse-bytes.ts';

interface NodeBase {
  /** Unique within the process. */
  readonly id: number;
  mode: number;
  atimeMs: number;
  mtimeMs: number;
}

/** A file: bytes, how many names lead to it, how many open files. */
export interface FileNode extends NodeBase {
  readonly type: 'file';
  readonly bytes: SparseBytes;
  /** Counts changes of the content. */
  version: number;
  links: number;
  openings: number;
}

export interface DirectoryNode extends NodeBase {
  readonly type: 'directory';
  readonly entries: Map<string, MemoryNode>;
  /** The root is its own parent. */
  parent: DirectoryNode;
}

export interface LinkNode extends NodeBase {
  readonly type: 'symlink';
  readonly content: string;
}

export type MemoryNode = FileNode | DirectoryNode | LinkNode;

/** Where a path leads. */
export interface Place {
  readonly directory: DirectoryNode;
  /** The entry of `directory`; undefined for the root and for paths that end in `.` or `..`. */
  readonly name: string | undefined;
  /** What is there, if anything. */
  readonly node: MemoryNode | undefined;
  /** Whether the path ends in a slash, and so has to be a directory. */
  readonly asDirectory: boolean;
}

const nameBytesMax = 255;
const linksFollowedMax = 40;

/**
 * Walks a path as the kernel does (path_resolution(7)): a leading slash is allowed and means nothing, `..` is the
 * parent of the directory reached so far, links on the way are followed.
 *
 * @param followLast Whether a link at the very end is followed, too.
 * @param makeDirectory Called for a directory on the way that does not exist; without it that is ENOENT.
 * Errors: ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG.
 */
export function locate(
  root: DirectoryNode,
  path: string,
  followLast: boolean,
  makeDirectory?: (parent: DirectoryNode, name: string) => DirectoryNode,
): Place {
  let names = namesOf(path);
  let asDirectory = path.endsWith('/');
  let directory = root;
  let linksFollowed = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const isLast = names.length === 0;
    if (name === '.' || name === '..') {
      if (name === '..') directory = directory.parent;
      continue;
    }
    if (Buffer.byteLength(name) > nameBytesMax) throw new MemoryFailure('ENAMETOOLONG');
    const node = directory.entries.get(name);
    if (node?.type === 'symlink' && (!isLast || followLast || asDirectory)) {
      if (++linksFollowed > linksFollowedMax) throw new MemoryFailure('ELOOP');
      if (node.content.startsWith('/')) directory = root;
      asDirectory ||= isLast && node.content.endsWith('/');
      names = [...namesOf(node.content), ...names];
      continue;
    }
    if (isLast) {
      if (asDirectory && node !== undefined && node.type !== 'directory') throw new MemoryFailure('ENOTDIR');
      return { directory, name, node, asDirectory };
    }
    directory = enter(directory, name, node, makeDirectory);
  }
  return { directory, name: undefined, node: directory, asDirectory: true };
}

/** Whether `inner` is `outer` or lies below it. */
export function isWithin(inner: DirectoryNode, outer: DirectoryNode): boolean {
  let directory = inner;
  while (directory !== outer && directory !== directory.parent) directory = directory.parent;
  return directory === outer;
}

function enter(
  parent: DirectoryNode,
  name: string,
  node: MemoryNode | undefined,
  makeDirectory: ((parent: DirectoryNode, name: string) => DirectoryNode) | undefined,
): DirectoryNode {
  if (node?.type === 'directory') return node;
  if (node !== undefined) throw new MemoryFailure('ENOTDIR', `'${name}' is no directory`);
  if (makeDirectory === undefined) throw new MemoryFailure('ENOENT', `there is no '${name}'`);
  return makeDirectory(parent, name);
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}
