#include "frames.h"

#include <string.h>

int read_head(const uint8_t *data, size_t length, Frame *frame) {
    if (length < 2) return 0;
    frame->opcode = data[0] & 15;
    frame->final = data[0] >> 7;
    frame->compressed = data[0] >> 6 & 1;
    frame->masked = data[1] >> 7;
    if (data[0] & 0x30) return -1;
    frame->length = data[1] & 127;
    frame->head = 2;
    int wide = frame->length == 126 ? 2 : frame->length == 127 ? 8 : 0;
    if (length < frame->head + wide + 4 * frame->masked) return 0;
    if (wide) {
        frame->length = 0;
        for (int i = 0; i < wide; i++) frame->length = frame->length << 8 | data[2 + i];
        frame->head += wide;
    }
    if (frame->masked) {
        memcpy(frame->mask, data + frame->head, 4);
        frame->head += 4;
    }
    return 1;
}

void apply_mask(uint8_t *payload, size_t length, const uint8_t mask[4]) {
    uint64_t word, wide;
    memcpy(&wide, mask, 4);
    memcpy((uint8_t *)&wide + 4, mask, 4);
    for (; length >= 8; payload += 8, length -= 8) {
        memcpy(&word, payload, 8);
        word ^= wide;
        memcpy(payload, &word, 8);
    }
    for (size_t i = 0; i < length; i++) payload[i] ^= mask[i & 3];
}

size_t write_head(uint8_t *out, int opcode, int compressed, uint64_t length, const uint8_t *mask) {
    size_t head = 2;
    out[0] = (uint8_t)(0x80 | (compressed ? 0x40 : 0) | opcode);
    if (length < 126) {
        out[1] = (uint8_t)length;
    } else {
        int wide = length < 65536 ? 2 : 8;
        out[1] = wide == 2 ? 126 : 127;
        for (int i = 0; i < wide; i++) out[2 + i] = (uint8_t)(length >> (8 * (wide - 1 - i)));
        head += wide;
    }
    if (mask) {
        out[1] |= 0x80;
        memcpy(out + head, mask, 4);
        head += 4;
    }
    return head;
}
