import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { StagingManager } from '../src/index.ts';
import { never, ScriptedSource } from './scripted-source.ts';

// A process that stages until it is killed. Answers each line on its standard input with one line.
const content = new Uint8Array(1024 ** 2).fill(Number(process.argv[3]));
const manager = await StagingManager.open({ dir: process.argv[2] });
const whole = await manager.stage(new ScriptedSource(content));
await whole.whenComplete();
const beforePiece = (offset: number) => (offset > 0 ? never() : undefined);
const stalled = await manager.stage(new ScriptedSource(content, { beforePiece }));
await stalled.readAt(Buffer.alloc(1), 0);
writeSync(1, `${manager.path}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'read') {
    const buffer = Buffer.alloc(content.byteLength);
    const count = await whole.readAt(buffer, 0);
    writeSync(1, `${count === buffer.byteLength && buffer.equals(content) ? 'right' : 'wrong'}\n`);
  } else if (line === 'exit') process.exit(0);
}
