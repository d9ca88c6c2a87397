import { type ErrnoName, findErrno } from '@libconveyor/errors';

/** Codes of servers, what they are called there, and the errno that is nearest. */
const table = {
  '-4000': ['SYS_HEADER_READ_LEN_ERR', 'ECONNRESET'],
  '-5000': ['SYS_HEADER_WRITE_LEN_ERR', 'ECONNRESET'],
  '-6000': ['SYS_HEADER_TYPE_LEN_ERR', 'ECONNRESET'],
  '-9000': ['SYS_EXCEED_CONNECT_CNT', 'EAGAIN'],
  '-10000': ['SYS_USER_NOT_ALLOWED_TO_CONN', 'EACCES'],
  '-12000': ['SYS_UNMATCHED_API_NUM', 'ENOSYS'],
  '-13000': ['SYS_NO_API_PRIV', 'EACCES'],
  '-14000': ['SYS_API_INPUT_ERR', 'EINVAL'],
  '-15000': ['SYS_PACK_INSTRUCT_FORMAT_ERR', 'EINVAL'],
  '-18000': ['SYS_OUT_OF_FILE_DESC', 'EMFILE'],
  '-19000': ['SYS_FILE_DESC_OUT_OF_RANGE', 'EBADF'],
  '-26000': ['SYS_INVALID_ZONE_NAME', 'EINVAL'],
  '-31000': ['SYS_INVALID_FILE_PATH', 'EINVAL'],
  '-36000': ['SYS_NO_PATH_PERMISSION', 'EACCES'],
  '-38000': ['SYS_AGENT_INIT_ERR', 'EIO'],
  '-39000': ['SYS_PROXYUSER_NO_PRIV', 'EACCES'],
  '-66000': ['SYS_NOT_SUPPORTED', 'ENOTSUP'],
  '-78000': ['SYS_RESC_DOES_NOT_EXIST', 'ENODEV'],
  '-79000': ['SYS_COLLECTION_NOT_EMPTY', 'ENOTEMPTY'],
  '-91000': ['SYS_READ_MSG_BODY_LEN_ERR', 'ECONNRESET'],
  '-105000': ['SYS_RESC_IS_DOWN', 'EIO'],
  '-109000': ['SYS_CROSS_ZONE_MV_NOT_SUPPORTED', 'EXDEV'],
  '-110000': ['SYS_RESC_QUOTA_EXCEEDED', 'EDQUOT'],
  '-115000': ['SYS_SOCK_READ_TIMEDOUT', 'ECONNRESET'],
  '-116000': ['SYS_SOCK_READ_ERR', 'ECONNRESET'],
  '-118000': ['SYS_MAX_CONNECT_COUNT_EXCEEDED', 'EAGAIN'],
  '-121000': ['SYS_USER_NO_PERMISSION', 'EACCES'],
  '-130000': ['SYS_INVALID_INPUT_PARAM', 'EINVAL'],
  '-154000': ['SYS_INTERNAL_ERR', 'EIO'],
  '-164000': ['SYS_REPLICA_DOES_NOT_EXIST', 'ENOENT'],
  '-165000': ['SYS_UNKNOWN_ERROR', 'EIO'],
  '-166000': ['SYS_NO_GOOD_REPLICA', 'EIO'],
  '-167000': ['SYS_LIBRARY_ERROR', 'EIO'],
  '-168000': ['SYS_REPLICA_INACCESSIBLE', 'EBUSY'],
  '-169000': ['SYS_NOT_ALLOWED', 'EPERM'],
  '-170000': ['NOT_A_COLLECTION', 'ENOTDIR'],
  '-171000': ['NOT_A_DATA_OBJECT', 'EISDIR'],
  '-172000': ['JSON_VALIDATION_ERROR', 'EINVAL'],
  '-176000': ['DOES_NOT_EXIST', 'ENOENT'],
  '-178000': ['AUTHENTICATION_ERROR', 'EACCES'],
  '-185000': ['CONNECTION_REFUSED', 'ECONNREFUSED'],
  '-300000': ['USER_AUTH_SCHEME_ERR', 'EACCES'],
  '-306000': ['USER_STRLEN_TOOLONG', 'ENAMETOOLONG'],
  '-308000': ['USER_PACKSTRUCT_INPUT_ERR', 'EINVAL'],
  '-310000': ['USER_FILE_DOES_NOT_EXIST', 'ENOENT'],
  '-311000': ['USER_FILE_TOO_LARGE', 'EFBIG'],
  '-312000': ['OVERWRITE_WITHOUT_FORCE_FLAG', 'EEXIST'],
  '-314000': ['USER_CHKSUM_MISMATCH', 'EIO'],
  '-317000': ['USER_INPUT_PATH_ERR', 'EINVAL'],
  '-324000': ['BASE64_BUFFER_OVERFLOW', 'EINVAL'],
  '-339000': ['SAME_SRC_DEST_PATHS_ERR', 'EINVAL'],
  '-345000': ['BAD_INPUT_DESC_INDEX', 'EBADF'],
  '-346000': ['USER_PATH_EXCEEDS_MAX', 'ENAMETOOLONG'],
  '-347000': ['USER_SOCK_CONNECT_TIMEDOUT', 'ETIMEDOUT'],
  '-348000': ['USER_API_VERSION_MISMATCH', 'EPROTO'],
  '-350000': ['USER_ACCESS_DENIED', 'EACCES'],
  '-358000': ['OBJ_PATH_DOES_NOT_EXIST', 'ENOENT'],
  '-402000': ['USER_INCOMPATIBLE_PARAMS', 'EINVAL'],
  '-403000': ['USER_INVALID_REPLICA_INPUT', 'EINVAL'],
  '-404000': ['USER_INCOMPATIBLE_OPEN_FLAGS', 'EINVAL'],
  '-405000': ['INTERMEDIATE_REPLICA_ACCESS', 'EBUSY'],
  '-406000': ['LOCKED_DATA_OBJECT_ACCESS', 'EBUSY'],
  '-407000': ['CHECK_VERIFICATION_RESULTS', 'EIO'],
  '-801000': ['CATALOG_NOT_CONNECTED', 'EIO'],
  '-806000': ['CAT_SQL_ERR', 'EIO'],
  '-808000': ['CAT_NO_ROWS_FOUND', 'ENOENT'],
  '-809000': ['CATALOG_ALREADY_HAS_ITEM_BY_THAT_NAME', 'EEXIST'],
  '-814000': ['CAT_UNKNOWN_COLLECTION', 'ENOENT'],
  '-816000': ['CAT_INVALID_ARGUMENT', 'EINVAL'],
  '-817000': ['CAT_UNKNOWN_FILE', 'ENOENT'],
  '-818000': ['CAT_NO_ACCESS_PERMISSION', 'EACCES'],
  '-821000': ['CAT_COLLECTION_NOT_EMPTY', 'ENOTEMPTY'],
  '-823000': ['CAT_UNKNOWN_TABLE', 'EINVAL'],
  '-824000': ['CAT_NOT_OPEN', 'EAGAIN'],
  '-826000': ['CAT_INVALID_AUTHENTICATION', 'EACCES'],
  '-827000': ['CAT_INVALID_USER', 'EACCES'],
  '-830000': ['CAT_INSUFFICIENT_PRIVILEGE_LEVEL', 'EACCES'],
  '-833000': ['CAT_NAME_EXISTS_AS_COLLECTION', 'EEXIST'],
  '-834000': ['CAT_NAME_EXISTS_AS_DATAOBJ', 'EEXIST'],
  '-836000': ['CAT_NOT_A_DATAOBJ_AND_NOT_A_COLLECTION', 'ENOENT'],
  '-840000': ['CAT_PASSWORD_EXPIRED', 'EACCES'],
  '-890000': ['CAT_TICKET_INVALID', 'EACCES'],
  '-891000': ['CAT_TICKET_EXPIRED', 'EACCES'],
  '-892000': ['CAT_TICKET_USES_EXCEEDED', 'EDQUOT'],
  '-893000': ['CAT_TICKET_USER_EXCLUDED', 'EACCES'],
  '-894000': ['CAT_TICKET_HOST_EXCLUDED', 'EACCES'],
  '-895000': ['CAT_TICKET_GROUP_EXCLUDED', 'EACCES'],
  '-896000': ['CAT_TICKET_WRITE_USES_EXCEEDED', 'EDQUOT'],
  '-897000': ['CAT_TICKET_WRITE_BYTES_EXCEEDED', 'EDQUOT'],
  '-906000': ['AUTH_FILE_NOT_ENCRYPTED', 'EACCES'],
  '-993000': ['PAM_AUTH_PASSWORD_FAILED', 'EACCES'],
  '-994000': ['PAM_AUTH_PASSWORD_INVALID_TTL', 'EINVAL'],
  '-1105000': ['INVALID_OBJECT_TYPE', 'EINVAL'],
  '-1800000': ['KEY_NOT_FOUND', 'EIO'],
  '-1803000': ['HIERARCHY_ERROR', 'EBUSY'],
  '-1816000': ['DIRECT_CHILD_ACCESS', 'EINVAL'],
  '-1824000': ['CLIENT_NEGOTIATION_ERROR', 'EPROTO'],
  '-1825000': ['SERVER_NEGOTIATION_ERROR', 'EPROTO'],
  '-1827000': ['PLUGIN_ERROR_MISSING_SHARED_OBJECT', 'ENOTSUP'],
  '-2102000': ['SSL_INIT_ERROR', 'EPROTO'],
  '-2103000': ['SSL_HANDSHAKE_ERROR', 'EPROTO'],
  '-2104000': ['SSL_SHUTDOWN_ERROR', 'EPROTO'],
  '-2105000': ['SSL_CERT_ERROR', 'EPROTO'],
  '-3000000': ['DEPRECATED_PARAMETER', 'ENOTSUP'],
  '-3001000': ['DEPRECATED_API', 'ENOTSUP'],
  '-3002000': ['DEPRECATED_AUTHENTICATION_PLUGIN', 'ENOTSUP'],
} as const;

/** Codes of files on disks: the last three digits are the errno of the server's system, which is Linux. */
const fileOperations: Readonly<Record<string, string>> = {
  '-510000': 'UNIX_FILE_OPEN_ERR',
  '-511000': 'UNIX_FILE_CREATE_ERR',
  '-512000': 'UNIX_FILE_READ_ERR',
  '-513000': 'UNIX_FILE_WRITE_ERR',
  '-514000': 'UNIX_FILE_CLOSE_ERR',
  '-515000': 'UNIX_FILE_UNLINK_ERR',
  '-516000': 'UNIX_FILE_STAT_ERR',
  '-517000': 'UNIX_FILE_FSTAT_ERR',
  '-518000': 'UNIX_FILE_LSEEK_ERR',
  '-519000': 'UNIX_FILE_FSYNC_ERR',
  '-520000': 'UNIX_FILE_MKDIR_ERR',
  '-521000': 'UNIX_FILE_RMDIR_ERR',
  '-522000': 'UNIX_FILE_OPENDIR_ERR',
  '-523000': 'UNIX_FILE_CLOSEDIR_ERR',
  '-524000': 'UNIX_FILE_READDIR_ERR',
  '-525000': 'UNIX_FILE_STAGE_ERR',
  '-526000': 'UNIX_FILE_GET_FS_FREESPACE_ERR',
  '-527000': 'UNIX_FILE_CHMOD_ERR',
  '-528000': 'UNIX_FILE_RENAME_ERR',
  '-529000': 'UNIX_FILE_TRUNCATE_ERR',
  '-530000': 'UNIX_FILE_LINK_ERR',
};

/** The name of a code that this package knows. */
export type IrodsErrorName = (typeof table)[keyof typeof table][0];

/** The code of a name. */
export const irodsCode: Readonly<Record<IrodsErrorName, number>> = Object.fromEntries(
  Object.entries(table).map(([code, [name]]) => [name, Number(code)]),
) as Record<IrodsErrorName, number>;

/** Codes that begin a family: the errno of the server's system is subtracted from them. */
export const fileErrorBase = {
  open: -510_000,
  create: -511_000,
  read: -512_000,
  write: -513_000,
  close: -514_000,
  unlink: -515_000,
  stat: -516_000,
  seek: -518_000,
  rename: -528_000,
  truncate: -529_000,
} as const;

/** What a negative result of a server means. */
export interface IrodsErrorMeaning {
  readonly code: number;
  /** The code without an errno in it. */
  readonly base: number;
  /** As servers call it; `iRODS error` where this package does not know it. */
  readonly name: string;
  /** The nearest errno, or undefined where nothing is known. */
  readonly errno: ErrnoName | undefined;
  /** An errno of the server's system inside of the code, 0 for none. */
  readonly systemErrno: number;
}

/** Explains a negative result. */
export function explainIrodsCode(code: number): IrodsErrorMeaning {
  const systemErrno = Math.abs(code) % 1000;
  const base = code + systemErrno;
  const operation = fileOperations[String(base)];
  if (operation !== undefined) {
    return { code, base, name: operation, errno: findErrno(systemErrno)?.name ?? 'EIO', systemErrno };
  }
  const [name, errno] = (table as Readonly<Record<string, readonly [string, ErrnoName]>>)[String(base)] ?? [];
  return { code, base, name: name ?? 'iRODS error', errno, systemErrno };
}

/** Whether a data object is locked by a writer: worth another try later, a limited number of times. */
export function isLockedCode(code: number): boolean {
  return [-405_000, -406_000, -168_000, -1_803_000].includes(code);
}

/** Whether there is nothing of that name. */
export function isMissingCode(code: number): boolean {
  return [-310_000, -358_000, -808_000, -814_000, -817_000, -176_000, -164_000].includes(code);
}
