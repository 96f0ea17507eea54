/* The one way to say that something is wrong: a line on standard error, and exit status 1. */
#pragma once

__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

/* As fail, with what the system says about errno behind it. */
__attribute__((noreturn, format(printf, 1, 2))) void fail_errno(const char *format, ...);
