/* A WebSocket server that costs next to nothing: the target that is not the first to fall over.

   It answers by the YMERA protocol (platform.h) or, with --echo, with the message itself. Each worker is a process
   with an epoll of its own, and a limit of file descriptors of its own; the kernel spreads the connections over them
   (SO_REUSEPORT). A connection that has nothing under way takes up 56 bytes here, and what the kernel keeps for it.

   The first line on stdout is the port. SIGTERM or SIGINT ends it; the last line is what was counted, as JSON. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "counters.h"
#include "deflating.h"
#include "frames.h"
#include "handshake.h"
#include "platform.h"

enum {
    MESSAGE_LIMIT = 1 << 20,
    READ_SIZE = 1 << 16,
    UNSENT_LIMIT = 1 << 22, /* a client that does not read so much is left */
    EVENTS = 1024,
    ACCEPTS = 64, /* in a turn, so that those who are there are not kept waiting by those who come */
    WORKERS_LIMIT = 256,
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

typedef struct {
    const char *host;
    int port, workers, echo, deflate;
    const char *counters, *certificate, *key;
} Options;

static Options options = {.host = "127.0.0.1", .port = 8000, .workers = 1};
static Counters *all_counters; /* of all workers, shared */
static Counters *counters;     /* of this worker */
static Connection *connections; /* by file descriptor */
static size_t connections_limit;
static int epoll_fd, listener_fd, listening;
static uint8_t input[MESSAGE_LIMIT + HEAD_ROOM + READ_SIZE + 4]; /* and room for an end behind it */
static uint8_t output[4 * (MESSAGE_LIMIT + ANSWER_MORE)];
static uint8_t scratch[MESSAGE_LIMIT + ANSWER_MORE];
static size_t output_length;

static void fail(const char *what) {
    fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void watch(int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(epoll_fd, operation, fd, &event);
}

static uint8_t *resized(uint8_t *memory, size_t length) {
    uint8_t *found = realloc(memory, length);
    if (!found) fail("memory");
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
    if (!listening) { /* there was no file descriptor left for the next one */
        watch(EPOLL_CTL_ADD, listener_fd, EPOLLIN);
        listening = 1;
    }
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
    watch(EPOLL_CTL_MOD, fd, EPOLLOUT); /* it is not read from until it has taken what it was sent */
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
    watch(EPOLL_CTL_MOD, fd, EPOLLIN);
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
    if (options.echo) return put_message(fd, opcode, payload, length);
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
    for (int i = 0; i < options.workers; i++) open += all_counters[i].upgraded - all_counters[i].closed;
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
    connections[fd].deflates = options.deflate && offer && memmem(offer, offer_length, "permessage-deflate", 18);
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

static void admit(void) {
    for (int i = 0; i < ACCEPTS; i++) {
        int fd = accept4(listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno != EMFILE && errno != ENFILE) return;
            /* Left in the epoll, a listener that cannot accept would be reported for ever. */
            fprintf(stderr, "server: a worker has no file descriptor left: more --workers are needed\n");
            watch(EPOLL_CTL_DEL, listener_fd, 0);
            listening = 0;
            return;
        }
        if ((size_t)fd >= connections_limit) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        connections[fd].state = REQUEST;
        connections[fd].tls = tls_new(fd);
        counters->accepted++;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

static struct sockaddr_in address_of(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1) {
        fprintf(stderr, "server: --host must be an IPv4 address, not %s\n", options.host);
        exit(2);
    }
    return address;
}

static int bound_socket(int port) {
    struct sockaddr_in address = address_of(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
    return fd;
}

static int port_of(int fd) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &length);
    return ntohs(address.sin_port);
}

static void work(int index, int ready_fd) {
    struct epoll_event events[EVENTS];
    counters = &all_counters[index];
    connections = calloc(connections_limit, sizeof *connections);
    if (!connections) fail("memory");
    if (options.certificate) tls_prepare_server(options.certificate, options.key);
    if (options.deflate) deflate_prepare();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listener_fd = bound_socket(options.port);
    if (listen(listener_fd, 65535) < 0) fail("listen");
    watch(EPOLL_CTL_ADD, listener_fd, EPOLLIN);
    listening = 1;
    if (write(ready_fd, "+", 1) != 1) exit(1);
    close(ready_fd);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        int arrivals = 0;
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener_fd) {
                arrivals = 1; /* last: a file descriptor that was just closed must not become a new connection here */
                continue;
            }
            output_length = 0;
            int there = events[i].events & EPOLLOUT ? push(fd) : serve(fd);
            if (!there) leave(fd);
        }
        if (arrivals) admit();
    }
}

static void read_options(int count, char **arguments) {
    static const struct option known[] = {
        {"host", required_argument, NULL, 'h'},    {"port", required_argument, NULL, 'p'},
        {"workers", required_argument, NULL, 'w'}, {"echo", no_argument, NULL, 'e'},
        {"counters", required_argument, NULL, 'c'}, {"cert", required_argument, NULL, 'C'},
        {"key", required_argument, NULL, 'k'},     {"deflate", no_argument, NULL, 'd'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
        switch (option) {
        case 'h': options.host = optarg; break;
        case 'p': options.port = atoi(optarg); break;
        case 'w': options.workers = atoi(optarg); break;
        case 'e': options.echo = 1; break;
        case 'c': options.counters = optarg; break;
        case 'C': options.certificate = optarg; break;
        case 'k': options.key = optarg; break;
        case 'd': options.deflate = 1; break;
        default:
            fprintf(stderr, "usage: server [--host A.B.C.D] [--port N] [--workers N] [--echo] [--counters FILE]\n"
                            "              [--cert FILE --key FILE] [--deflate]\n");
            exit(2);
        }
    }
    if (!options.certificate != !options.key) {
        fprintf(stderr, "server: --cert and --key belong together\n");
        exit(2);
    }
    if (options.workers < 1 || options.workers > WORKERS_LIMIT || options.port < 0 || options.port > 65535) {
        fprintf(stderr, "server: --workers is 1 to %d, --port 0 to 65535\n", WORKERS_LIMIT);
        exit(2);
    }
}

/* All that a process may have: a soft limit of 1024 is common. */
static void raise_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    connections_limit = limit.rlim_cur > 1 << 20 ? 1 << 20 : (size_t)limit.rlim_cur;
}

static void share_counters(void) {
    size_t size = sizeof(Counters) * (size_t)options.workers;
    int fd = -1, flags = MAP_SHARED | MAP_ANONYMOUS;
    if (options.counters) {
        fd = open(options.counters, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0 || ftruncate(fd, (off_t)size) < 0) fail(options.counters);
        flags = MAP_SHARED;
    }
    all_counters = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (all_counters == MAP_FAILED) fail("mmap");
    if (fd >= 0) close(fd);
}

static void report(double cpu_s) {
    Counters sum = {0};
    for (int i = 0; i < options.workers; i++) {
        sum.accepted += all_counters[i].accepted;
        sum.upgraded += all_counters[i].upgraded;
        sum.closed += all_counters[i].closed;
        sum.received += all_counters[i].received;
        sum.sent += all_counters[i].sent;
        sum.refused += all_counters[i].refused;
    }
    printf("{\"accepted\":%llu,\"upgraded\":%llu,\"closed\":%llu,\"received\":%llu,\"sent\":%llu,\"refused\":%llu,"
           "\"cpu_s\":%.6f}\n",
           (unsigned long long)sum.accepted, (unsigned long long)sum.upgraded, (unsigned long long)sum.closed,
           (unsigned long long)sum.received, (unsigned long long)sum.sent, (unsigned long long)sum.refused, cpu_s);
    fflush(stdout);
}

int main(int count, char **arguments) {
    pid_t workers[WORKERS_LIMIT];
    int ready[2], lost = 0;
    char byte;
    read_options(count, arguments);
    raise_limit();
    share_counters();
    int reserved = bound_socket(options.port); /* does not listen: it only holds the port until the workers have it */
    options.port = port_of(reserved);
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGINT);
    sigaddset(&awaited, SIGCHLD);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    if (pipe(ready) < 0) fail("pipe");
    pid_t parent = getpid();
    for (int i = 0; i < options.workers; i++) {
        workers[i] = fork();
        if (workers[i] < 0) fail("fork");
        if (workers[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the parent, no worker is left behind */
            if (getppid() != parent) exit(1);
            signal(SIGINT, SIG_IGN); /* Ctrl-C reaches them all; the parent ends them when it has heard it */
            sigprocmask(SIG_UNBLOCK, &awaited, NULL);
            close(ready[0]);
            close(reserved);
            work(i, ready[1]);
        }
    }
    close(ready[1]);
    for (int i = 0; i < options.workers; i++)
        if (read(ready[0], &byte, 1) != 1) {
            for (int j = 0; j < options.workers; j++) kill(workers[j], SIGKILL);
            exit(1);
        }
    close(reserved);
    printf("%d\n", options.port);
    fflush(stdout);
    int heard;
    sigwait(&awaited, &heard);
    if (heard == SIGCHLD) {
        fprintf(stderr, "server: a worker has ended\n");
        lost = 1;
    }
    for (int i = 0; i < options.workers; i++) kill(workers[i], SIGTERM);
    while (wait(NULL) > 0)
        ;
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    report((double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    return lost;
}
