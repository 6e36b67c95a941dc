/* WebSocket frames: RFC 6455 section 5. */
#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>
#include <stdint.h>

enum { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* The longest head: two bytes, eight of length, four of mask. */
enum { HEAD_ROOM = 14 };

typedef struct {
    uint64_t length; /* of the payload */
    size_t head;     /* bytes before the payload */
    uint8_t mask[4];
    uint8_t opcode;
    uint8_t masked;
    uint8_t final;
    uint8_t compressed; /* RSV1: RFC 7692 */
} Frame;

/* Reads a head: 1 when it is there, 0 when more must be read, -1 when it is none. */
int read_head(const uint8_t *data, size_t length, Frame *frame);

/* Takes the mask off in place, or puts it on. */
void apply_mask(uint8_t *payload, size_t length, const uint8_t mask[4]);

/* Writes a head of a whole message (mask: NULL for none); returns its length. */
size_t write_head(uint8_t *out, int opcode, int compressed, uint64_t length, const uint8_t *mask);

#endif
