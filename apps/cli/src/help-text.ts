/** What `--help` shows behind the options. */
export const programHelp = `
Names:
  A name is a path of this machine, or the URL of a storage: file:///tmp/a%20b.
  './s3://x' is a path whatever it looks like, and '--' ends the options.

Exit status:
  0  everything was done
  1  something was not; each failure has its line on standard error
  2  the command line makes no sense; nothing was done

'conveyor help COMMAND' has more.
`;

export const cpHelp = `
Copies files through conveyor's engine, which reads ahead and writes behind. With a
directory as DST, or several sources, the copies go into DST under their own names.

Each file is written under a hidden name beside its destination, synced, renamed and
its directory synced: others see the old file or the whole new one, also after a crash.
Permission bits and times come along; owners and set-id bits do not. A file that
changes while it is copied is a failure, and its destination stays as it was.

Symbolic links given as SRC or DST are followed; links found inside of a directory are
copied as links. Pipes, sockets and devices are refused. Directories that exist are
merged into and keep their own attributes.

SIZE is in bytes, or with KiB, MiB, GiB (K, M, G for short) or kB, MB, GB: 8MiB.

Exit status:
  0    everything was copied
  1    something was not; each failure has its line on standard error
  2    the command line makes no sense; nothing was done
  129, 130, 143
       ended by SIGHUP, SIGINT (Ctrl-C), SIGTERM; files are whole or not there

Examples:
  conveyor cp disk.img /backup/
  conveyor cp -r --checksum photos /mnt/archive > photos.sha256
  conveyor cp --json a.bin file:///srv/data/b.bin | jq .bytesPerSecond
`;

export const catHelp = `
Writes files to standard output, one after the other, read through conveyor's engine.

Exit status:
  0    everything was written
  1    a file could not be read, or standard output not be written
  2    the command line makes no sense; nothing was done
  141  nobody reads standard output any more; nothing is said about it

Examples:
  conveyor cat big.log | head
  conveyor cat file:///srv/a.bin ./b.bin > both.bin
`;
