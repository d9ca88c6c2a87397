import { mergeConfig, type ViteUserConfig } from 'vitest/config';
import { shared } from '../../tools/config/vitest.shared.ts';

const config: ViteUserConfig = mergeConfig(shared, { test: { name: 'observability' } });
export default config;
