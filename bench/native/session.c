#define _GNU_SOURCE
#include "session.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "deflating.h"
#include "frames.h"
#include "handshake.h"
#include "platform.h"

enum {
    MESSAGE_LIMIT = 1 << 20,
    READ_SIZE = 1 << 16,
    UNSENT_LIMIT = 1 << 22, /* a client that does not read so much is left */
};

typedef enum { FREE, REQUEST, OPEN, CLOSING } State;

typedef struct {
    uint8_t *kept; /* read, but not a whole frame yet */
    uint8_t *unsent;
    uint8_t *message; /* the fragments until now */
    uint32_t kept_length, unsent_length, message_length;
    uint8_t state, message_opcode, deflates;
    Tls *tls;
} Connection;

static Settings settings;
static Counters *counters;
static Connection *connections; /* by file descriptor */
static uint8_t input[MESSAGE_LIMIT + HEAD_ROOM + READ_SIZE + 4]; /* and room for an end behind it */
static uint8_t output[4 * (MESSAGE_LIMIT + ANSWER_MORE)];
static uint8_t scratch[MESSAGE_LIMIT + ANSWER_MORE];
static size_t output_length;

static void watch(int fd, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(settings.epoll_fd, operation, fd, &event);
}

static uint8_t *resized(uint8_t *memory, size_t length) {
    uint8_t *found = realloc(memory, length);
    if (!found) abort();
    return found;
}

static void leave(int fd) {
    Connection *c = &connections[fd];
    if (c->state == OPEN || c->state == CLOSING) counters->closed++;
    free(c->kept);
    free(c->unsent);
    free(c->message);
    if (c->tls) tls_free(c->tls);
    memset(c, 0, sizeof *c);
    close(fd);
}

/* Sends what has been put into the output; whether the connection is still there. */
static int flush(int fd) {
    Connection *c = &connections[fd];
    size_t sent = 0;
    if (!output_length) return 1;
    if (!c->unsent_length) {
        ssize_t n = channel_write(c->tls, fd, output, output_length);
        if (n < 0 && errno != EAGAIN) return 0;
        sent = n < 0 ? 0 : (size_t)n;
    }
    size_t left = output_length - sent;
    output_length = 0;
    if (!left) return 1;
    if (c->unsent_length + left > UNSENT_LIMIT) return 0;
    c->unsent = resized(c->unsent, c->unsent_length + left);
    memcpy(c->unsent + c->unsent_length, output + sent, left);
    c->unsent_length += (uint32_t)left;
    watch(fd, EPOLL_CTL_MOD, EPOLLOUT); /* it is not read from until it has taken what it was sent */
    return 1;
}

static int push(int fd) {
    Connection *c = &connections[fd];
    ssize_t n = channel_write(c->tls, fd, c->unsent, c->unsent_length);
    if (n < 0) return errno == EAGAIN;
    c->unsent_length -= (uint32_t)n;
    if (c->unsent_length) {
        memmove(c->unsent, c->unsent + n, c->unsent_length);
        return 1;
    }
    free(c->unsent);
    c->unsent = NULL;
    watch(fd, EPOLL_CTL_MOD, EPOLLIN);
    return 1;
}

static int put(int fd, int opcode, int compressed, const uint8_t *payload, size_t length) {
    if (output_length + length + HEAD_ROOM > sizeof output && !flush(fd)) return 0;
    output_length += write_head(output + output_length, opcode, compressed, length, NULL);
    memcpy(output + output_length, payload, length);
    output_length += length;
    return 1;
}

/* A message, deflated where that was agreed on. */
static int put_message(int fd, int opcode, const uint8_t *payload, size_t length) {
    static uint8_t packed[MESSAGE_LIMIT + ANSWER_MORE];
    counters->sent++;
    long packed_length = connections[fd].deflates ? deflate_pack(payload, length, packed, sizeof packed) : -1;
    if (packed_length < 0) return put(fd, opcode, 0, payload, length);
    return put(fd, opcode, 1, packed, (size_t)packed_length);
}

static int put_close(int fd, unsigned code) {
    uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    connections[fd].state = CLOSING;
    return put(fd, CLOSE, 0, payload, sizeof payload);
}

static int refuse(int fd, unsigned code) {
    counters->refused++;
    put_close(fd, code);
    flush(fd);
    return 0;
}

/* Answers a whole message; whether the connection goes on. */
static int take_message(int fd, int opcode, uint8_t *payload, size_t length) {
    static const char binary[] = "{\"type\":\"error\",\"error\":\"a binary message is not understood\"}";
    int leaves = 0;
    counters->received++;
    if (settings.echo) return put_message(fd, opcode, payload, length);
    if (opcode == BINARY) return put_message(fd, TEXT, (const uint8_t *)binary, sizeof binary - 1);
    size_t answered = answer((const char *)payload, length, (char *)scratch, &leaves);
    return put_message(fd, TEXT, scratch, answered) && (!leaves || put_close(fd, 1000));
}

static int take_fragment(int fd, const Frame *frame, uint8_t *payload) {
    Connection *c = &connections[fd];
    size_t length = (size_t)frame->length;
    if ((frame->opcode == CONTINUATION) != (c->message_opcode != 0)) return refuse(fd, 1002);
    if (c->message_length + length > MESSAGE_LIMIT) return refuse(fd, 1009);
    if (frame->opcode) c->message_opcode = frame->opcode;
    if (length) {
        c->message = resized(c->message, c->message_length + length);
        memcpy(c->message + c->message_length, payload, length);
        c->message_length += (uint32_t)length;
    }
    if (!frame->final) return 1;
    int goes_on = take_message(fd, c->message_opcode, c->message, c->message_length);
    free(c->message);
    c->message = NULL;
    c->message_length = c->message_opcode = 0;
    return goes_on;
}

/* A compressed message: the pieces of one that came in several would have to be put together first. */
static int take_compressed(int fd, const Frame *frame, uint8_t *payload) {
    static uint8_t unpacked[MESSAGE_LIMIT];
    if (!frame->final || (frame->opcode != TEXT && frame->opcode != BINARY)) return refuse(fd, 1003);
    long length = deflate_unpack(payload, (size_t)frame->length, unpacked, sizeof unpacked);
    return length < 0 ? refuse(fd, 1007) : take_message(fd, frame->opcode, unpacked, (size_t)length);
}

static int take_frame(int fd, const Frame *frame, uint8_t *payload) {
    Connection *c = &connections[fd];
    size_t length = (size_t)frame->length;
    if (!frame->masked || (frame->compressed && !c->deflates)) return refuse(fd, 1002);
    apply_mask(payload, length, frame->mask);
    if (frame->compressed) return c->state == CLOSING ? 1 : take_compressed(fd, frame, payload);
    switch (frame->opcode) {
    case TEXT:
    case BINARY:
        if (c->state == CLOSING) return 1;
        if (frame->final && !c->message_opcode) return take_message(fd, frame->opcode, payload, length);
        return take_fragment(fd, frame, payload);
    case CONTINUATION:
        return c->state == CLOSING ? 1 : take_fragment(fd, frame, payload);
    case PING:
        return length < 126 ? put(fd, PONG, 0, payload, length) : refuse(fd, 1002);
    case PONG:
        return 1;
    case CLOSE:
        if (c->state != CLOSING) put(fd, CLOSE, 0, payload, length < 2 ? 0 : 2);
        flush(fd);
        return 0;
    default:
        return refuse(fd, 1002);
    }
}

static void tell(int fd, const char *status, const char *body) {
    char text[512];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                          "Connection: close\r\n\r\n%s",
                          status, strlen(body), body);
    memcpy(output, text, (size_t)length);
    output_length = (size_t)length;
    flush(fd);
}

static void tell_health(int fd) {
    char body[96];
    uint64_t open = 0;
    for (int i = 0; i < settings.workers; i++) open += settings.all[i].upgraded - settings.all[i].closed;
    snprintf(body, sizeof body, "{\"status\":\"healthy\",\"websocket_connections\":%llu}", (unsigned long long)open);
    tell(fd, "200 OK", body);
}

/* Answers the request if it is all there. Returns its length, 0 when more must be read, -1 when the connection ends. */
static ssize_t take_request(int fd, char *text, size_t length) {
    char *end = memmem(text, length, "\r\n\r\n", 4);
    char accept[29];
    size_t key_length;
    if (!end) return length < READ_SIZE ? 0 : -1;
    char after = end[4]; /* there is always room for a zero behind what was read */
    end[4] = 0;
    const char *key = header(text, "sec-websocket-key:", &key_length);
    if (!strncmp(text, "GET /health ", 12)) {
        tell_health(fd);
        return -1;
    }
    if (strncmp(text, "GET ", 4) != 0 || !key) {
        counters->refused++;
        tell(fd, "426 Upgrade Required", "{\"error\":\"this is a WebSocket server\"}");
        return -1;
    }
    size_t offer_length;
    const char *offer = header(text, "sec-websocket-extensions:", &offer_length);
    connections[fd].deflates = settings.deflate && offer && memmem(offer, offer_length, "permessage-deflate", 18);
    accept_key(key, key_length, accept);
    end[4] = after;
    output_length = (size_t)sprintf((char *)output,
                                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
                                    accept,
                                    connections[fd].deflates ? "Sec-WebSocket-Extensions: " DEFLATE_TERMS "\r\n" : "");
    connections[fd].state = OPEN;
    counters->upgraded++;
    return end + 4 - text;
}

/* Works off what is in the input; returns how much of it was whole, or -1 when the connection ends. */
static ssize_t take(int fd, size_t length) {
    Connection *c = &connections[fd];
    size_t done = 0;
    if (c->state == REQUEST) {
        ssize_t taken = take_request(fd, (char *)input, length);
        if (taken <= 0) return taken;
        done = (size_t)taken;
    }
    while (done < length) {
        Frame frame;
        int found = read_head(input + done, length - done, &frame);
        if (found < 0) return refuse(fd, 1002) - 1;
        if (!found) break;
        if (frame.length > MESSAGE_LIMIT) return refuse(fd, 1009) - 1;
        if (length - done < frame.head + frame.length) break;
        if (!take_frame(fd, &frame, input + done + frame.head)) return -1;
        done += frame.head + (size_t)frame.length;
    }
    return (ssize_t)done;
}

/* Reads once and answers; whether the connection is still there. */
static int serve(int fd) {
    Connection *c = &connections[fd];
    size_t length = c->kept_length;
    ssize_t n = channel_read(c->tls, fd, input + length, READ_SIZE);
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return 0;
    if (length) memcpy(input, c->kept, length);
    length += (size_t)n;
    ssize_t done = take(fd, length);
    if (done < 0 || !flush(fd)) return 0;
    c->kept_length = (uint32_t)(length - (size_t)done);
    if (c->kept_length) {
        c->kept = resized(c->kept, c->kept_length);
        memcpy(c->kept, input + done, c->kept_length);
    } else if (c->kept) {
        free(c->kept);
        c->kept = NULL;
    }
    return 1;
}

int sessions_prepare(const Settings *given) {
    settings = *given;
    counters = &settings.all[settings.worker];
    connections = calloc(settings.limit, sizeof *connections);
    if (settings.deflate) deflate_prepare();
    return connections != NULL;
}

void session_begin(int fd) {
    if ((size_t)fd >= settings.limit) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    connections[fd].state = REQUEST;
    connections[fd].tls = tls_new(fd);
    counters->accepted++;
    watch(fd, EPOLL_CTL_ADD, EPOLLIN);
}

int session_ready(int fd, uint32_t events) {
    output_length = 0;
    int there = events & EPOLLOUT ? push(fd) : serve(fd);
    if (!there) leave(fd);
    return there;
}
