import { mergeConfig } from 'vitest/config';
import shared from '../config/vitest.shared.ts';

export default mergeConfig(shared, { test: { name: 'native' } });
