/** What `--help` shows behind the options. */
export const programHelp = `
Names:
  A name is a path of this machine, or the URL of a storage: file:///tmp/a%20b,
  s3://bucket/key (region, endpoint and keys as the AWS tools find them),
  irods://user@host:port/zone/path (what is left out as the icommands find it).
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

In a bucket, an object appears whole, under its name and not before; the checksums of
its parts and of the whole are compared on the way. Directories are what keys have in
common up to a slash; write s3://bucket/dir/ for one that is not there yet.

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
  conveyor cp -r --endpoint https://s3.example.org results s3://bucket/run-7/
  conveyor cp --json a.bin file:///srv/data/b.bin | jq .bytesPerSecond
`;

export const doctorHelp = `
Lists uploads to a bucket that were begun and never ended, as a crash leaves them: no
name shows them, and they take room. With a key, only those of keys that begin so.
With --mounts, lists the mounts of this machine: alive, dead (nobody serves it any
more; --remove unmounts it) or stuck (whoever serves it gives no answer).

Exit status:
  0  everything was looked at, and with --remove ended
  1  something was not; each failure has its line on standard error
  2  the command line makes no sense; nothing was done

Examples:
  conveyor doctor s3://bucket
  conveyor doctor --remove --older-than 7d s3://bucket/run-7/
  conveyor doctor --mounts --remove
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

export const irodsLoginHelp = `
Asks for a password, or reads a line of standard input, and tries it. When the server
takes it, ~/.irods/.irodsA gets it (with --pam: the one that the server made of it), and
~/.irods/irods_environment.json what URL says: irods://user@host:port/zone. Without URL
the file says whom and where; iinit and the icommands use the same two files.

AGE looks like 30m, 12h or 7d.

Exit status:
  0  the server has taken the password, and it is kept
  1  it is not; nothing was written
  2  the command line makes no sense

Examples:
  conveyor irods login irods://alice@grid.example.org/grid
  conveyor irods login --pam --ttl 7d < password
`;

export const lockHelp = `
Runs COMMAND with the lock on FILE held. FILE need not exist; the lock sits on FILE.lock
beside it (NAME.dir.lock for a directory), which stays there. The lock keeps out whoever
takes it too, by 'conveyor lock', by @libconveyor/file-lock, or by 'flock FILE.lock', and
nobody else. It ends with the command, or when this program dies; COMMAND gets no
descriptor of it. Signals are passed on to COMMAND.

TIME is in seconds, or with ms, s, m, h: 10s, 500ms.

Exit status:
  that of COMMAND; 128 and the signal's number where a signal ended it
  1    the lock could not be taken, or its file was removed meanwhile
  2    the command line makes no sense; nothing was done
  75   somebody else has the lock
  126, 127
       COMMAND cannot be run, or is not there

Examples:
  conveyor lock counter.txt -- ./update.sh
  conveyor lock --shared --timeout 10s data -- tar -cf data.tar data
`;

export const mountHelp = `
Makes what URL names a file system at DIR, for any program. Returns when it is there;
what keeps it from being there is told first. 'fusermount3 -u DIR' and 'umount DIR' end
it, and so do SIGTERM and SIGINT: what was accepted is stored before, new changes are
refused meanwhile. A process that is killed leaves no dead mount; should one be left,
'conveyor doctor --mounts' finds it. SIGUSR2 has it tell who waits for what.

Options behind -o: ro, allow_other, private (nobody but the user who mounts), uid=N,
gid=N, umask=OCTAL, entry_timeout=S, attr_timeout=S, acl, max_threads=N, retry=S (for
how long a storage that does not answer is asked again), fsname=NAME, and the kernel's
dev, suid, noexec, noatime, sync and their like. A directory of this machine that root
mounts is open to others, as far as its permission bits are.

TIME is in seconds, or with ms, s, m, h: 10s, 500ms. The log is mount.log in
~/.local/state/conveyor unless told otherwise.

Exit status:
  0  it is there; with --foreground: it ended, and everything is stored
  1  it is not; with --foreground: or something was left over at the end, which is told
  2  the command line makes no sense; nothing was done

Examples:
  conveyor mount /srv/data /mnt
  conveyor mount s3://bucket/data /mnt
  conveyor mount -o ro,allow_other --foreground file:///srv/data /mnt
`;

export const topHelp = `
Shows the programs of this user that have called serveAdmin() of
@libconveyor/observability: open handles, those with an error that keeps bytes from
landing, bytes that have not landed and how long the oldest waits, bytes read and
written, reads served from memory, retries, and waits for room. These numbers are per
second, or totals with --once. Ctrl-C ends it.

Exit status:
  0  with --once: everybody who listens was asked
  1  the sockets cannot be listed
  2  the command line makes no sense

Examples:
  conveyor top
  conveyor top --once --json
`;
