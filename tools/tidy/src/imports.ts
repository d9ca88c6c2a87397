import { posix } from 'node:path';
import ts from 'typescript';
import type { Finding } from './finding.ts';
import { whyNot } from './layers.ts';
import { isTest, isTypeScript, lineAt, type SourceFile } from './tree.ts';
import { folderOf, readPackages, type WorkspacePackage } from './workspace.ts';

const rule = 'imports';
const scope = '@libconveyor/';

/**
 * TypeScript imports: along the layers only, through entry points only, and only of packages that the manifest names.
 * Static and dynamic imports with a literal name are seen, `require` too.
 */
export function checkImports(files: readonly SourceFile[]): Finding[] {
  const packages = readPackages(files);
  return files.filter(isTypeScript).flatMap((file) => {
    const folder = folderOf(file.path);
    if (folder === undefined) return [];
    const { importedFiles } = ts.preProcessFile(file.text, true, true);
    return importedFiles.flatMap(({ fileName, pos }) => {
      const message = fileName.startsWith('.')
        ? checkRelative(file, folder, fileName)
        : checkNamed(file, folder, fileName, packages);
      return message === undefined ? [] : [{ rule, path: file.path, line: lineAt(file.text, pos), message }];
    });
  });
}

function checkRelative(file: SourceFile, folder: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(file.path), specifier);
  if (target.startsWith(`${folder}/`)) return undefined;
  // The tools are one program in several folders, and a package's settings come from tools/config.
  const mayShareTools = folder.startsWith('tools/') && target.startsWith('tools/');
  const isSetting = /\.config\.ts$/.test(file.path) && target.startsWith('tools/config/');
  if (mayShareTools || isSetting) return undefined;
  return `'${specifier}' leaves ${folder}: import the other package's entry point`;
}

function checkNamed(
  file: SourceFile,
  folder: string,
  specifier: string,
  packages: readonly WorkspacePackage[],
): string | undefined {
  if (!specifier.startsWith(scope)) return undefined;
  const name = specifier.split('/').slice(0, 2).join('/');
  const imported = packages.find((candidate) => candidate.name === name);
  if (!imported) return `'${specifier}': there is no package ${name}`;
  const entry = `.${specifier.slice(name.length)}`;
  if (!imported.entries.includes(entry)) {
    return `'${specifier}' is no entry point of ${name}, which has ${imported.entries.join(', ') || 'none'}`;
  }
  return whyNot(folder, imported.folder, isTest(file)) ?? checkManifest(file, folder, imported, packages);
}

function checkManifest(
  file: SourceFile,
  folder: string,
  imported: WorkspacePackage,
  packages: readonly WorkspacePackage[],
): string | undefined {
  const importer = packages.find((candidate) => candidate.folder === folder);
  if (!importer || importer === imported) return undefined;
  if (importer.dependencies.includes(imported.name)) return undefined;
  if (isTest(file) && importer.devDependencies.includes(imported.name)) return undefined;
  const field = isTest(file) ? 'devDependencies' : 'dependencies';
  return `${imported.name} is not in the ${field} of ${folder}/package.json`;
}
