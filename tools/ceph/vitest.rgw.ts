import { fileURLToPath } from 'node:url';
import { mergeConfig, type ViteUserConfig } from 'vitest/config';
import { shared } from '../config/vitest.shared.ts';

/** What runs on a real RGW: files named `NAME.rgw.ts` below a package's tests. They find the server in variables. */
const config: ViteUserConfig = mergeConfig(shared, {
  test: {
    name: 'rgw',
    root: fileURLToPath(new URL('../..', import.meta.url)),
    fileParallelism: false,
  },
});
config.test = { ...config.test, include: ['packages/*/test/**/*.rgw.ts', 'tools/ceph/test/**/*.rgw.ts'] };

export default config;
