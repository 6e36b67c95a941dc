#include "deflating.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef WITH_ZLIB
#include <zlib.h>

static z_stream packer, unpacker;

void deflate_prepare(void) {
    /* Small tables: with one message at a time, most of the work would be clearing large ones. */
    if (deflateInit2(&packer, Z_BEST_SPEED, Z_DEFLATED, -15, 4, Z_DEFAULT_STRATEGY) != Z_OK ||
        inflateInit2(&unpacker, -15) != Z_OK)
        exit(1);
}

long deflate_pack(const uint8_t *payload, size_t length, uint8_t *out, size_t room) {
    deflateReset(&packer);
    packer.next_in = (Bytef *)payload;
    packer.avail_in = (uInt)length;
    packer.next_out = out;
    packer.avail_out = (uInt)room;
    if (deflate(&packer, Z_SYNC_FLUSH) != Z_OK || !packer.avail_out) return -1;
    return (long)(room - packer.avail_out) - 4; /* the end of a sync flush is left out on the wire */
}

long deflate_unpack(uint8_t *payload, size_t length, uint8_t *out, size_t room) {
    static const uint8_t end[4] = {0, 0, 0xFF, 0xFF};
    uint8_t behind[4];
    memcpy(behind, payload + length, sizeof behind);
    memcpy(payload + length, end, sizeof end);
    inflateReset(&unpacker);
    unpacker.next_in = payload;
    unpacker.avail_in = (uInt)length + 4;
    unpacker.next_out = out;
    unpacker.avail_out = (uInt)room;
    int status = inflate(&unpacker, Z_SYNC_FLUSH);
    memcpy(payload + length, behind, sizeof behind);
    if ((status != Z_OK && status != Z_BUF_ERROR && status != Z_STREAM_END) || !unpacker.avail_out) return -1;
    return (long)(room - unpacker.avail_out);
}
#else
void deflate_prepare(void) {
    fprintf(stderr, "built without zlib: install its headers (zlib1g-dev), and build again\n");
    exit(2);
}

long deflate_pack(const uint8_t *payload, size_t length, uint8_t *out, size_t room) {
    (void)payload, (void)length, (void)out, (void)room;
    return -1;
}

long deflate_unpack(uint8_t *payload, size_t length, uint8_t *out, size_t room) {
    (void)payload, (void)length, (void)out, (void)room;
    return -1;
}
#endif
