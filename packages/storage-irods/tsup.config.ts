import type { Options } from 'tsup';
import { library } from '../../tools/config/tsup.shared.ts';

const config: Options = library(['src/index.ts']);
export default config;
