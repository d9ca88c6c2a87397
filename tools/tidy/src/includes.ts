import { posix } from 'node:path';
import type { Finding } from './finding.ts';
import { whyNot } from './layers.ts';
import { isCpp, isTest, type SourceFile } from './tree.ts';
import { folderOf } from './workspace.ts';

const rule = 'includes';

/** A public header: what `#include <NAME>` finds, because its folder is on the include path of others. */
const publicHeader = /^((?:packages|apps)\/[^/]+)\/(?:cpp\/)?include\/(.+)$/;

/** What the engine, which is free of I/O, may not even name: the OS (but its types), threads, locks, clocks. */
const osHeaders = new RegExp(
  '^(?:(?:unistd|fcntl|pthread|signal|time|poll|dirent)\\.h|sys/(?!types\\.h$|uio\\.h$).+|linux/.+|ctime|thread|mutex' +
    '|shared_mutex|condition_variable|semaphore|future|fstream|iostream|filesystem)$',
);
const sansIo = /^packages\/core\/src\/(?:engine|adapt)\//;
const clockReads = /\b(?:steady|system|high_resolution)_clock::now\b/;

/** The one header of core that the iRODS plugin sees. */
const cApi = 'conveyor/conveyor.h';

/**
 * C++ includes: along the layers only, public headers in `<>`, a package's own in `""`, and no operating system inside
 * the engine.
 */
export function checkIncludes(files: readonly SourceFile[]): Finding[] {
  const paths = new Set(files.map(({ path }) => path));
  const owners = ownersOfHeaders(paths);
  return files.filter(isCpp).flatMap((file) => {
    const folder = folderOf(file.path);
    if (folder === undefined) return [];
    return file.text.split('\n').flatMap((text, index) => {
      const message = checkLine({ file, folder, paths, owners }, text);
      return message === undefined ? [] : [{ rule, path: file.path, line: index + 1, message }];
    });
  });
}

interface Place {
  file: SourceFile;
  folder: string;
  paths: ReadonlySet<string>;
  owners: ReadonlyMap<string, string>;
}

function ownersOfHeaders(paths: Iterable<string>): Map<string, string> {
  const owners = new Map<string, string>();
  for (const path of paths) {
    const [, folder, name] = publicHeader.exec(path) ?? [];
    if (folder !== undefined && name !== undefined) owners.set(name, folder);
  }
  return owners;
}

function checkLine(place: Place, text: string): string | undefined {
  const [, open, name] = /^\s*#\s*include\s*([<"])([^>"]+)[>"]/.exec(text) ?? [];
  if (open !== undefined && name !== undefined) {
    return open === '"' ? checkOwn(place, name) : checkPublic(place, name);
  }
  const readsClock = sansIo.test(place.file.path) && clockReads.test(text.replace(/\/\/.*/, ''));
  return readsClock ? 'the engine reads no clock: the time comes in with an event' : undefined;
}

function checkPublic({ file, folder, owners }: Place, name: string): string | undefined {
  if (sansIo.test(file.path) && osHeaders.test(name)) return `<${name}>: the engine calls no operating system`;
  const owner = owners.get(name);
  if (owner === undefined) {
    return name.startsWith('conveyor/') ? `<${name}>: no package has this public header` : undefined;
  }
  if (folder === 'packages/irods-plugin' && owner === 'packages/core' && name !== cApi) {
    return `<${name}>: the iRODS plugin uses <${cApi}> only`;
  }
  return whyNot(folder, owner, isTest(file));
}

/** A quoted name is found beside the file or in a source folder of the same package. */
function checkOwn({ file, folder, paths }: Place, name: string): string | undefined {
  const bases = [posix.dirname(file.path), ...ownIncludeFolders(file.path, folder)];
  const candidates = bases.map((base) => posix.join(base, name));
  if (candidates.some((path) => path.startsWith(`${folder}/`) && paths.has(path))) return undefined;
  const foreign = candidates.find((path) => paths.has(path));
  if (foreign !== undefined) return `"${name}" is ${foreign}: include the other package's public header`;
  return `"${name}" is not in ${folder}: use <> for what lies outside`;
}

/** Every folder between the package's top and the file, and the source folders at the top. */
function ownIncludeFolders(path: string, folder: string): string[] {
  const between: string[] = [];
  for (let at = posix.dirname(path); at.startsWith(folder); at = posix.dirname(at)) between.push(at);
  const top = ['src', 'test', 'include', 'cpp', 'cpp/include', 'cpp/src', 'cpp/test', 'native', 'native/src'];
  return [...between, ...top.map((name) => `${folder}/${name}`)];
}
