import type { Options } from 'tsup';
import { library } from '../../tools/config/tsup.shared.ts';

const config: Options = library({ index: 'src/index.ts', main: 'src/main.ts' });
export default config;
