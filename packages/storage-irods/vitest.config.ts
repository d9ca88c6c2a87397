import { mergeConfig, type ViteUserConfig } from 'vitest/config';
import { shared } from '../../tools/config/vitest.shared.ts';

const config: ViteUserConfig = mergeConfig(shared, { test: { name: 'storage-irods' } });
export default config;
