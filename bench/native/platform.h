/* The YMERA protocol, as far as it can be answered from one connection alone: see src/wavetank/target/platform.py. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stddef.h>

/* How much longer than its message an answer can be. */
enum { ANSWER_MORE = 256 };

/* Writes the answer to a text message into `out`, which has room for length + ANSWER_MORE; returns its length.
   `leaves` is set to 1 when the session ends with it. Events are not delivered: `publish` is answered with an error. */
size_t answer(const char *text, size_t length, char *out, int *leaves);

#endif
