import { loadSharedConfigFiles } from '@smithy/shared-ini-file-loader';

/** What the environment and the profile say, as the AWS tools read them. */
export interface Surroundings {
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
}

/**
 * Region and endpoint from the environment (AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL),
 * then from the profile (AWS_PROFILE, `default`) of the shared files. Files that are not there say nothing.
 */
export async function surroundings(environment: NodeJS.ProcessEnv): Promise<Surroundings> {
  const ignoresEndpoints = environment.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true';
  let region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION || undefined;
  let endpoint = environment.AWS_ENDPOINT_URL_S3 || environment.AWS_ENDPOINT_URL || undefined;
  if (region === undefined || endpoint === undefined) {
    const profile = await profileOf(environment.AWS_PROFILE || 'default');
    region ??= profile.region;
    endpoint ??= profile.endpoint_url;
  }
  return { region, endpoint: ignoresEndpoints ? undefined : endpoint };
}

async function profileOf(name: string): Promise<Record<string, string | undefined>> {
  const files = await loadSharedConfigFiles().catch(() => undefined);
  return { ...files?.configFile[name], ...files?.credentialsFile[name] };
}
