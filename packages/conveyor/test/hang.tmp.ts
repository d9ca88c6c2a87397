import { open as openPlain } from 'node:fs/promises';
import { open } from '@libconveyor/conveyor';
import { descriptorStorage } from './descriptor-storage.ts';

const fileBytes = 64 << 20;
const seed = await openPlain('/dev/shm/bench.bin', 'w');
await seed.writeFile(Buffer.alloc(fileBytes, 'conveyor'));
await seed.close();
const h = await open(descriptorStorage('/dev/shm'), 'bench.bin', 'r+', { durability: 'memory' });
let last = '';
setInterval(() => {
  console.log(last);
  const s = h.stats();
  console.log(JSON.stringify(s));
}, 3000).unref();
for (const size of [64, 4096])
  for (const dir of ['write', 'read'] as const) {
    const b = Buffer.alloc(size, 'x');
    let at = 0;
    const n = size === 64 ? 400000 : 100000;
    for (let i = 0; i < n; i++) {
      at = at + size > fileBytes - size ? 0 : at + size;
      last = `${dir} ${size} ${at} ${i}`;
      await h[dir](b, 0, size, at);
    }
    console.log('done', dir, size);
  }
await h.close();
process.exit();
