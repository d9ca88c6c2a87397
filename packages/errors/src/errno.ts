import type { ErrorKind } from './codes.ts';

/**
 * The errno table of Linux (asm-generic/errno-base.h, errno.h): name → number, kind, text of strerror(3). The names are
 * what errors carry and what callers compare; the numbers are Linux's, which is what the native engine reports.
 */
const table = {
  EPERM: [1, 'permission', 'Operation not permitted'],
  ENOENT: [2, 'not-found', 'No such file or directory'],
  ESRCH: [3, 'not-found', 'No such process'],
  EINTR: [4, 'busy', 'Interrupted system call'],
  EIO: [5, 'io', 'Input/output error'],
  ENXIO: [6, 'not-found', 'No such device or address'],
  E2BIG: [7, 'invalid', 'Argument list too long'],
  ENOEXEC: [8, 'wrong-type', 'Exec format error'],
  EBADF: [9, 'closed', 'Bad file descriptor'],
  ECHILD: [10, 'io', 'No child processes'],
  EAGAIN: [11, 'busy', 'Resource temporarily unavailable'],
  ENOMEM: [12, 'limit', 'Cannot allocate memory'],
  EACCES: [13, 'permission', 'Permission denied'],
  EFAULT: [14, 'invalid', 'Bad address'],
  ENOTBLK: [15, 'wrong-type', 'Block device required'],
  EBUSY: [16, 'busy', 'Device or resource busy'],
  EEXIST: [17, 'exists', 'File exists'],
  EXDEV: [18, 'wrong-type', 'Invalid cross-device link'],
  ENODEV: [19, 'not-found', 'No such device'],
  ENOTDIR: [20, 'wrong-type', 'Not a directory'],
  EISDIR: [21, 'wrong-type', 'Is a directory'],
  EINVAL: [22, 'invalid', 'Invalid argument'],
  ENFILE: [23, 'limit', 'Too many open files in system'],
  EMFILE: [24, 'limit', 'Too many open files'],
  ENOTTY: [25, 'invalid', 'Inappropriate ioctl for device'],
  ETXTBSY: [26, 'busy', 'Text file busy'],
  EFBIG: [27, 'invalid', 'File too large'],
  ENOSPC: [28, 'no-space', 'No space left on device'],
  ESPIPE: [29, 'invalid', 'Illegal seek'],
  EROFS: [30, 'permission', 'Read-only file system'],
  EMLINK: [31, 'limit', 'Too many links'],
  EPIPE: [32, 'closed', 'Broken pipe'],
  EDOM: [33, 'invalid', 'Numerical argument out of domain'],
  ERANGE: [34, 'invalid', 'Numerical result out of range'],
  EDEADLK: [35, 'busy', 'Resource deadlock avoided'],
  ENAMETOOLONG: [36, 'invalid', 'File name too long'],
  ENOLCK: [37, 'limit', 'No locks available'],
  ENOSYS: [38, 'unsupported', 'Function not implemented'],
  ENOTEMPTY: [39, 'wrong-type', 'Directory not empty'],
  ELOOP: [40, 'wrong-type', 'Too many levels of symbolic links'],
  ENOMSG: [42, 'io', 'No message of desired type'],
  EIDRM: [43, 'io', 'Identifier removed'],
  ECHRNG: [44, 'io', 'Channel number out of range'],
  EL2NSYNC: [45, 'io', 'Level 2 not synchronized'],
  EL3HLT: [46, 'io', 'Level 3 halted'],
  EL3RST: [47, 'io', 'Level 3 reset'],
  ELNRNG: [48, 'io', 'Link number out of range'],
  EUNATCH: [49, 'io', 'Protocol driver not attached'],
  ENOCSI: [50, 'io', 'No CSI structure available'],
  EL2HLT: [51, 'io', 'Level 2 halted'],
  EBADE: [52, 'io', 'Invalid exchange'],
  EBADR: [53, 'io', 'Invalid request descriptor'],
  EXFULL: [54, 'io', 'Exchange full'],
  ENOANO: [55, 'io', 'No anode'],
  EBADRQC: [56, 'io', 'Invalid request code'],
  EBADSLT: [57, 'io', 'Invalid slot'],
  EBFONT: [59, 'io', 'Bad font file format'],
  ENOSTR: [60, 'io', 'Device not a stream'],
  ENODATA: [61, 'io', 'No data available'],
  ETIME: [62, 'timeout', 'Timer expired'],
  ENOSR: [63, 'io', 'Out of streams resources'],
  ENONET: [64, 'network', 'Machine is not on the network'],
  ENOPKG: [65, 'io', 'Package not installed'],
  EREMOTE: [66, 'io', 'Object is remote'],
  ENOLINK: [67, 'network', 'Link has been severed'],
  EADV: [68, 'io', 'Advertise error'],
  ESRMNT: [69, 'io', 'Srmount error'],
  ECOMM: [70, 'network', 'Communication error on send'],
  EPROTO: [71, 'network', 'Protocol error'],
  EMULTIHOP: [72, 'io', 'Multihop attempted'],
  EDOTDOT: [73, 'io', 'RFS specific error'],
  EBADMSG: [74, 'corrupt', 'Bad message'],
  EOVERFLOW: [75, 'invalid', 'Value too large for defined data type'],
  ENOTUNIQ: [76, 'io', 'Name not unique on network'],
  EBADFD: [77, 'closed', 'File descriptor in bad state'],
  EREMCHG: [78, 'changed', 'Remote address changed'],
  ELIBACC: [79, 'io', 'Can not access a needed shared library'],
  ELIBBAD: [80, 'io', 'Accessing a corrupted shared library'],
  ELIBSCN: [81, 'io', '.lib section in a.out corrupted'],
  ELIBMAX: [82, 'io', 'Attempting to link in too many shared libraries'],
  ELIBEXEC: [83, 'io', 'Cannot exec a shared library directly'],
  EILSEQ: [84, 'invalid', 'Invalid or incomplete multibyte or wide character'],
  ERESTART: [85, 'busy', 'Interrupted system call should be restarted'],
  ESTRPIPE: [86, 'io', 'Streams pipe error'],
  EUSERS: [87, 'limit', 'Too many users'],
  ENOTSOCK: [88, 'wrong-type', 'Socket operation on non-socket'],
  EDESTADDRREQ: [89, 'invalid', 'Destination address required'],
  EMSGSIZE: [90, 'invalid', 'Message too long'],
  EPROTOTYPE: [91, 'unsupported', 'Protocol wrong type for socket'],
  ENOPROTOOPT: [92, 'unsupported', 'Protocol not available'],
  EPROTONOSUPPORT: [93, 'unsupported', 'Protocol not supported'],
  ESOCKTNOSUPPORT: [94, 'unsupported', 'Socket type not supported'],
  ENOTSUP: [95, 'unsupported', 'Operation not supported'],
  EPFNOSUPPORT: [96, 'unsupported', 'Protocol family not supported'],
  EAFNOSUPPORT: [97, 'unsupported', 'Address family not supported by protocol'],
  EADDRINUSE: [98, 'exists', 'Address already in use'],
  EADDRNOTAVAIL: [99, 'network', 'Cannot assign requested address'],
  ENETDOWN: [100, 'network', 'Network is down'],
  ENETUNREACH: [101, 'network', 'Network is unreachable'],
  ENETRESET: [102, 'network', 'Network dropped connection on reset'],
  ECONNABORTED: [103, 'network', 'Software caused connection abort'],
  ECONNRESET: [104, 'network', 'Connection reset by peer'],
  ENOBUFS: [105, 'limit', 'No buffer space available'],
  EISCONN: [106, 'exists', 'Transport endpoint is already connected'],
  ENOTCONN: [107, 'closed', 'Transport endpoint is not connected'],
  ESHUTDOWN: [108, 'closed', 'Cannot send after transport endpoint shutdown'],
  ETOOMANYREFS: [109, 'limit', 'Too many references: cannot splice'],
  ETIMEDOUT: [110, 'timeout', 'Connection timed out'],
  ECONNREFUSED: [111, 'network', 'Connection refused'],
  EHOSTDOWN: [112, 'network', 'Host is down'],
  EHOSTUNREACH: [113, 'network', 'No route to host'],
  EALREADY: [114, 'exists', 'Operation already in progress'],
  EINPROGRESS: [115, 'exists', 'Operation now in progress'],
  ESTALE: [116, 'changed', 'Stale file handle'],
  EUCLEAN: [117, 'corrupt', 'Structure needs cleaning'],
  ENOTNAM: [118, 'io', 'Not a XENIX named type file'],
  ENAVAIL: [119, 'io', 'No XENIX semaphores available'],
  EISNAM: [120, 'io', 'Is a named type file'],
  EREMOTEIO: [121, 'network', 'Remote I/O error'],
  EDQUOT: [122, 'no-space', 'Disk quota exceeded'],
  ENOMEDIUM: [123, 'io', 'No medium found'],
  EMEDIUMTYPE: [124, 'wrong-type', 'Wrong medium type'],
  ECANCELED: [125, 'cancelled', 'Operation canceled'],
  ENOKEY: [126, 'permission', 'Required key not available'],
  EKEYEXPIRED: [127, 'permission', 'Key has expired'],
  EKEYREVOKED: [128, 'permission', 'Key has been revoked'],
  EKEYREJECTED: [129, 'permission', 'Key was rejected by service'],
  EOWNERDEAD: [130, 'io', 'Owner died'],
  ENOTRECOVERABLE: [131, 'io', 'State not recoverable'],
  ERFKILL: [132, 'permission', 'Operation not possible due to RF-kill'],
  EHWPOISON: [133, 'io', 'Memory page has hardware error'],
} as const;

/** The name of an errno: `'ENOENT'`. */
export type ErrnoName = keyof typeof table;

/** One row of the table. */
export interface Errno {
  readonly name: ErrnoName;
  /** The positive number that Linux gives it. */
  readonly number: number;
  readonly kind: ErrorKind;
  /** What strerror(3) says, without a full stop. */
  readonly text: string;
}

/** Second names for a number; they are understood and answered by the first one. */
const aliases = new Map<string, ErrnoName>([
  ['EWOULDBLOCK', 'EAGAIN'],
  ['EOPNOTSUPP', 'ENOTSUP'],
  ['EDEADLOCK', 'EDEADLK'],
]);

const rows: readonly Errno[] = Object.entries(table).map(([name, [number, kind, text]]) =>
  Object.freeze({ name: name as ErrnoName, number, kind, text }),
);
const byName = new Map<string, Errno>(rows.map((row) => [row.name, row]));
const byNumber = new Map<number, Errno>(rows.map((row) => [row.number, row]));

/** Every errno of Linux, in order of its number. */
export function errnoTable(): readonly Errno[] {
  return rows;
}

/**
 * Looks an errno up.
 *
 * @param errno A name (`'ENOENT'`, also a second name such as `'EWOULDBLOCK'`) or a number of either sign, as C
 *   functions and Node report them.
 * @returns The row, or undefined when Linux has no such errno.
 */
export function findErrno(errno: string | number): Errno | undefined {
  if (typeof errno === 'number') return byNumber.get(Math.abs(errno));
  return byName.get(aliases.get(errno) ?? errno);
}
