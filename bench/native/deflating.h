/* permessage-deflate without context takeover (RFC 7692): each message is compressed for itself, so a connection keeps
   nothing. By zlib, where its headers are installed. */
#ifndef DEFLATING_H
#define DEFLATING_H

#include <stddef.h>
#include <stdint.h>

#define DEFLATE_TERMS "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

/* Made once in a process; ends the program where zlib cannot be had. */
void deflate_prepare(void);

/* Both return the length of what they wrote, or -1 where it does not fit or is no compressed message. The four bytes
   behind the payload that is unpacked are written over, and put back. */
long deflate_pack(const uint8_t *payload, size_t length, uint8_t *out, size_t room);
long deflate_unpack(uint8_t *payload, size_t length, uint8_t *out, size_t room);

#endif
