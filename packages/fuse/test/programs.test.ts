import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from '@libconveyor/testkit';
import { describe, expect, test } from 'vitest';
import { LocalMount, noMounts, orWhyNot, StorageMount } from './mounting.ts';
import { missing, shell } from './programs.ts';

/** Programs that nobody here wrote, on mounts of a directory and of a bucket. */
const kinds: readonly (readonly [string, () => Promise<LocalMount | StorageMount>])[] = [
  ['a local directory', () => LocalMount.make()],
  ['a bucket', () => StorageMount.ofBucket()],
];
const sources = fileURLToPath(new URL('../../storage', import.meta.url));
const fio = '--thread --minimal --output=/dev/null --verify=crc32c --do_verify=1 --verify_fatal=1 --size=4m';

interface Program {
  readonly title: string;
  readonly needs: readonly string[];
  readonly script: string;
}

/** `$TREE`: a source tree. `$OUT`: a directory that is not on the mount. */
const programs: readonly Program[] = [
  {
    title: 'git clone, git fsck',
    needs: ['git'],
    script: `export HOME=$OUT GIT_CONFIG_NOSYSTEM=1
      git init -q $OUT/origin; cp -r $TREE $OUT/origin/; cd $OUT/origin; git add .
      git -c user.name=a -c user.email=a@b commit -qm first; cd - > /dev/null
      git clone -q $OUT/origin clone; cd clone; git fsck --full --strict; [ -z "$(git status --porcelain)" ]
      echo more >> src/more 2>/dev/null || echo more > more; git add .
      git -c user.name=a -c user.email=a@b commit -qm second; git gc -q; git fsck --full`,
  },
  {
    title: 'tar x, diff -r',
    needs: ['tar', 'diff'],
    script: 'tar cf $OUT/t.tar -C $TREE .; mkdir x; tar xf $OUT/t.tar -C x; diff -r $TREE x',
  },
  {
    title: 'rsync -a: the second one moves nothing',
    needs: ['rsync'],
    script: `rsync -a --no-links $TREE/ copy/; diff -r $TREE copy
      [ -z "$(rsync -a --no-links --itemize-changes $TREE/ copy/)" ]`,
  },
  {
    title: 'SQLite',
    needs: ['sqlite3'],
    script: `{ echo 'create table t(a integer primary key, b text); begin;'
        for i in $(seq 500); do echo "insert into t(b) values(hex(randomblob(50)));"; done
        echo 'commit; create index i on t(b); update t set b = b || a where a % 3 = 0; delete from t where a % 5 = 0;'
        echo 'vacuum;'; } | sqlite3 db
      for i in 1 2 3; do sqlite3 db "insert into t(b) values('single $i');"; done
      [ "$(sqlite3 db 'pragma integrity_check; select count(*) from t;')" = "$(printf 'ok\n403')" ]`,
  },
  {
    title: 'dd with O_DIRECT',
    needs: ['dd'],
    script: `head -c 3145728 /dev/urandom > $OUT/r; dd if=$OUT/r of=d bs=1M oflag=direct status=none
      dd if=d of=$OUT/back bs=64k iflag=direct status=none; cmp $OUT/r $OUT/back; cp d e; cmp d e`,
  },
  {
    title: 'an editor that saves by renaming',
    needs: ['sed'],
    script: `seq 1000 > text; for i in $(seq 10); do sed -i "s/^$i$/line $i/" text; done
      [ "$(grep -c line text)" = 10 ]; [ "$(ls)" = text ]`,
  },
  {
    title: 'logrotate with an appending log',
    needs: ['logrotate'],
    script: `for n in 1 2; do for i in $(seq 20); do echo "$n.$i" >> app.log; done
        printf '%s {\nrotate 3\nsize 1\ncreate\n}\n' "$PWD/app.log" > $OUT/conf; chmod 600 $OUT/conf
        logrotate -f -s $OUT/state $OUT/conf; done
      echo last >> app.log
      [ "$(cat app.log.2 app.log.1 app.log | wc -l)" = 41 ]; [ "$(tail -1 app.log)" = last ]`,
  },
  {
    title: 'fio verifies what it wrote, at random places and through a memory map',
    needs: ['fio'],
    script: `cd $OUT; fio ${fio} --name=a --filename=$AT/fio --rw=randwrite --bs=16k --ioengine=psync
      fio ${fio} --name=m --filename=$AT/map --rw=randrw --bs=4k --ioengine=mmap
      fio ${fio} --name=d --filename=$AT/direct --rw=write --bs=128k --ioengine=psync --direct=1`,
  },
];

describe.skipIf(noMounts !== undefined).each(kinds)(`programs on %s${orWhyNot}`, (_, make) => {
  for (const { title, needs, script } of programs) {
    const absent = missing(...needs);
    const why = absent.length > 0 ? ` (skipped: ${absent.join(', ')} not installed)` : '';
    test.skipIf(absent.length > 0)(`M1: ${title}${why}`, async () => {
      await using tree = await make();
      await using out = await tempDir();
      const variables = `export AT='${tree.at}' OUT='${out.path}' TREE='${out.path}/tree'\n`;
      await mkdir(join(out.path, 'tree'));
      const copy = `cp -r '${sources}/src' '${sources}/test' '${sources}/package.json' $TREE/; cd "$AT"\n`;
      const { status, output } = await shell(`${variables}${copy}${script}`, { cwd: tree.at });
      expect({ status, output: status === 0 ? '' : output }).toEqual({ status: 0, output: '' });
    });
  }

  test('M2: appends of two processes are all there', async () => {
    await using tree = await make();
    await writeFile(join(tree.at, 'log'), '');
    const script = 'for i in $(seq 50); do echo "$0 $i" >> log; done';
    const both = `bash -c '${script}' a & bash -c '${script}' b; wait`;
    expect((await shell(both, { cwd: tree.at })).status).toBe(0);
    expect((await readFile(join(tree.at, 'log'), 'utf8')).trim().split('\n')).toHaveLength(100);
  });
});
