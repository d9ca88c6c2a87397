import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { S3Site } from './s3-site.ts';

const execute = promisify(execFile);

/** What every call of rclone gets: no file of this machine's, and no comparison with ETags that are no digests. */
export const rcloneArguments: readonly string[] = [
  '--config',
  '/dev/null',
  '--s3-no-check-bucket',
  '--ignore-checksum',
];

/** Runs rclone to its end. Errors: Error with what it said. */
export async function runRclone(args: readonly string[]): Promise<void> {
  await execute('rclone', [...args, ...rcloneArguments], { env: unaware() });
}

/** The bucket `bench` as a remote on rclone's command line, without a configuration file. */
export function rcloneRemote({ endpoint, credentials }: S3Site): string {
  const { accessKeyId, secretAccessKey } = credentials;
  const login = `access_key_id='${accessKeyId}',secret_access_key='${secretAccessKey}',region=us-east-1`;
  return `:s3,provider=Other,force_path_style=true,endpoint='${endpoint}',${login}:bench`;
}

/** The environment without what it says about AWS: a bundle of certificates there keeps rclone from starting. */
export function unaware(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
}
