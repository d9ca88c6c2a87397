import type { Options } from 'tsup';
import { library } from '../../tools/config/tsup.shared.ts';

const config: Options = library({
  index: 'src/index.ts',
  'link/index': 'src/link/index.ts',
  'testing/index': 'src/testing/index.ts',
});
export default config;
