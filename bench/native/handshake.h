/* The upgrade from HTTP to WebSocket: RFC 6455 section 4. */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <stddef.h>

/* The value of Sec-WebSocket-Accept for a Sec-WebSocket-Key: 28 characters and a zero. */
void accept_key(const char *key, size_t length, char accept[29]);

/* The value of a header (its name with the colon, in any case) in a request or answer that ends with a zero;
   NULL if it is not there. `length` is set to the length of the value without blanks around it. */
const char *header(const char *head, const char *name, size_t *length);

#endif
