/* Preloaded, it puts every file on the file system that FAKE_FS_TYPE names (a number). */
#include <stdlib.h>
#include <sys/vfs.h>

int fstatfs(int fd, struct statfs *status) {
  const char *type = getenv("FAKE_FS_TYPE");
  (void)fd;
  *status = (struct statfs){0};
  status->f_type = type == NULL ? 0 : strtol(type, NULL, 0);
  return 0;
}
