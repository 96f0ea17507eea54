#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noreturn)) static void end(const char *format, va_list arguments, const char *reason) {
  vfprintf(stderr, format, arguments);
  if (reason != NULL) fprintf(stderr, ": %s", reason);
  fputc('\n', stderr);
  exit(1);
}

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  end(format, arguments, NULL);
}

void fail_errno(const char *format, ...) {
  const char *reason = strerror(errno);
  va_list arguments;
  va_start(arguments, format);
  end(format, arguments, reason);
}
