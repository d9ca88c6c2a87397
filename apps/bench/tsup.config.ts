import type { Options } from 'tsup';
import { program } from '../../tools/config/tsup.shared.ts';

const config: Options = program({
  main: 'src/main.ts',
  start: 'src/start.ts',
  's3-server': 'src/s3-server.ts',
  'lock-contender': 'src/lock-contender.ts',
});
export default config;
