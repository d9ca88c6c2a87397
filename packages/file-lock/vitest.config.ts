import { mergeConfig, type ViteUserConfig } from 'vitest/config';
import { shared } from '../../tools/config/vitest.shared.ts';

const config: ViteUserConfig = mergeConfig(shared, {
  test: { name: 'file-lock', globalSetup: ['./test/built-worker.ts'], testTimeout: 90_000 },
});
export default config;
