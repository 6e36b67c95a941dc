/* What a load generator can reach at most: it masks and reads frames, counts, and does nothing else.

   C connections are opened, a few at a time, each worker (a process with an epoll of its own) its share of them. Then
   either each connection sends its next message when it has the answer to the last one (a closed loop), or each sends
   one every T ms (the connections evenly spread over T). The report is one line of JSON, on stdout
   or in the file of --report. Times are those of
   the messages alone; connecting has its own. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "client_options.h"
#include "deflating.h"
#include "frames.h"
#include "handshake.h"

enum {
    READ_SIZE = 1 << 16,
    EVENTS = 1024,
    PER_SOURCE = 10000, /* connections from one address: beyond half of its 28,232 ports, finding a free one is slow */
    PATIENCE_S = 30,    /* for a connection to open; and for the last replies */
};

typedef enum { CLOSED, CONNECTING, HANDSHAKING, UPGRADING, OPEN, LEAVING } State;

typedef struct {
    uint8_t *kept; /* read, but not a whole frame yet */
    uint32_t kept_length;
    uint32_t left; /* messages that it is still to send */
    int fd;
    uint8_t state, awaits;
    Tls *tls;
} Connection;

/* What a worker found out, in memory that it shares with its parent. */
typedef struct {
    long opened, failed, sent, round_trips, skipped;
    double began_at, connect_s, connect_cpu_s, seconds, cpu_s;
} Findings;

typedef struct {
    atomic_int ready; /* workers that have opened all their connections */
    Findings of[WORKERS_LIMIT];
} Shared;

static Options options;
static Shared *shared;
static Findings *findings;
static Connection *connections;
static int epoll_fd, connection_count, connecting, leaving;
static size_t text_length;
static uint64_t random_state = 0x9E3779B97F4A7C15;
static int goes_on; /* whether replies are followed by the next message */
static uint8_t input[MESSAGE_LIMIT + HEAD_ROOM + READ_SIZE + 4]; /* and room for an end behind it */

static void fail(const char *what) {
    fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_s(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* xorshift64: a mask need not be secret here, only different each time. */
static uint64_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static void watch(int operation, int index, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u32 = (uint32_t)index};
    epoll_ctl(epoll_fd, operation, connections[index].fd, &event);
}

static void forget(Connection *c) {
    if (c->tls) tls_free(c->tls);
    close(c->fd);
    free(c->kept);
    memset(c, 0, sizeof *c);
}

static void lose(int index, const char *why) {
    Connection *c = &connections[index];
    if (findings->failed++ == 0) fprintf(stderr, "client: a connection failed: %s\n", why);
    connecting -= c->state == CONNECTING || c->state == HANDSHAKING || c->state == UPGRADING;
    forget(c);
}

static void leave(int index) {
    leaving--;
    forget(&connections[index]);
}

static void send_message(int index) {
    static uint8_t frame[HEAD_ROOM + MESSAGE_LIMIT + 64], packed[MESSAGE_LIMIT + 64];
    Connection *c = &connections[index];
    uint64_t word = next_random();
    uint8_t mask[4];
    memcpy(mask, &word, sizeof mask);
    const uint8_t *payload = (const uint8_t *)options.text;
    size_t length = text_length;
    if (options.deflate) {
        long packed_length = deflate_pack(payload, length, packed, sizeof packed);
        if (packed_length < 0) fail("deflate");
        payload = packed;
        length = (size_t)packed_length;
    }
    size_t head = write_head(frame, TEXT, options.deflate, length, mask);
    memcpy(frame + head, payload, length);
    apply_mask(frame + head, length, mask);
    if (channel_write(c->tls, c->fd, frame, head + length) != (ssize_t)(head + length)) {
        lose(index, "the socket did not take a whole message");
        return;
    }
    c->awaits = 1;
    if (c->left) c->left--;
    findings->sent++;
}

static void take_reply(int index) {
    Connection *c = &connections[index];
    c->awaits = 0;
    findings->round_trips++;
    if (goes_on && (c->left || !options.messages)) send_message(index);
}

static int take_answer(int index, const char *text) {
    if (strncmp(text, "HTTP/1.1 101", 12) != 0) {
        lose(index, "the server refused the upgrade");
        return 0;
    }
    connections[index].state = OPEN;
    connections[index].left = (uint32_t)options.messages;
    findings->opened++;
    connecting--;
    return 1;
}

static void serve(int index) {
    static uint8_t unpacked[MESSAGE_LIMIT];
    Connection *c = &connections[index];
    size_t length = c->kept_length, done = 0;
    ssize_t n = channel_read(c->tls, c->fd, input + length, READ_SIZE);
    if (n < 0 && errno == EAGAIN) return;
    if (c->state == LEAVING) { /* nothing that still comes is of interest but the end */
        if (n <= 0) leave(index);
        return;
    }
    if (n <= 0) {
        lose(index, n ? strerror(errno) : "the server closed it");
        return;
    }
    if (length) memcpy(input, c->kept, length);
    length += (size_t)n;
    if (c->state == UPGRADING) {
        input[length] = 0;
        char *end = memmem(input, length, "\r\n\r\n", 4);
        if (end && !take_answer(index, (char *)input)) return;
        if (end) done = (size_t)(end + 4 - (char *)input);
    }
    while (c->state == OPEN && done < length) {
        Frame frame;
        int found = read_head(input + done, length - done, &frame);
        if (found < 0 || frame.length > MESSAGE_LIMIT || (found && frame.opcode == CLOSE)) {
            lose(index, "the server sent a close, or no frame");
            return;
        }
        if (!found || length - done < frame.head + frame.length) break;
        uint8_t *payload = input + done + frame.head;
        done += frame.head + (size_t)frame.length;
        if (frame.compressed && deflate_unpack(payload, (size_t)frame.length, unpacked, sizeof unpacked) < 0) {
            lose(index, "the server sent a message that cannot be unpacked");
            return;
        }
        if (frame.opcode == TEXT || frame.opcode == BINARY) take_reply(index);
    }
    if (c->state == CLOSED) return;
    c->kept_length = (uint32_t)(length - done);
    if (c->kept_length) {
        c->kept = realloc(c->kept, c->kept_length);
        if (!c->kept) fail("memory");
        memcpy(c->kept, input + done, c->kept_length);
    } else if (c->kept) {
        free(c->kept);
        c->kept = NULL;
    }
}

/* A connection on its way. The port of our own is chosen at connect, not at bind: only so can one port serve several
   connections to the same server from different addresses. */
static void start_connection(int index, int number) {
    Connection *c = &connections[index];
    struct sockaddr_in own = {.sin_family = AF_INET}, server = {.sin_family = AF_INET};
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(number / PER_SOURCE));
    server.sin_port = htons((uint16_t)options.port);
    inet_pton(AF_INET, options.host, &server.sin_addr);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) fail("socket (more --workers are needed for so many connections)");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (ntohl(server.sin_addr.s_addr) >> 24 == 127) {
        setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
        if (bind(c->fd, (struct sockaddr *)&own, sizeof own) < 0) fail("bind");
    }
    connecting++;
    c->state = CONNECTING;
    if (connect(c->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS)
        lose(index, strerror(errno));
    else
        watch(EPOLL_CTL_ADD, index, EPOLLOUT);
    if (c->state == CONNECTING) c->tls = tls_new(c->fd);
}

static void upgrade(int index) {
    Connection *c = &connections[index];
    char request[512];
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    /* The key should be random; that nobody caches the answer is known here. */
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                          options.path, options.host, options.port,
                          options.deflate ? "Sec-WebSocket-Extensions: " DEFLATE_TERMS "\r\n" : "");
    ssize_t sent = error ? -1 : channel_write(c->tls, c->fd, request, (size_t)length);
    if (sent != length && !(c->tls && sent < 0 && errno == EAGAIN)) { /* TLS has to shake hands first */
        lose(index, error ? strerror(error) : "the request could not be sent");
        return;
    }
    if (c->state == CONNECTING) watch(EPOLL_CTL_MOD, index, EPOLLIN);
    c->state = sent == length ? UPGRADING : HANDSHAKING;
}

static int look(int wait_ms) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll_fd, events, EVENTS, wait_ms);
    for (int i = 0; i < count; i++) {
        int index = (int)events[i].data.u32;
        State state = connections[index].state;
        if (state == CONNECTING || state == HANDSHAKING) upgrade(index);
        else if (state != CLOSED) serve(index);
    }
    return count;
}

static void open_all(int first) {
    double began_at = now_s(), began_cpu = cpu_s(), given_up_at = began_at + PATIENCE_S;
    for (int next = 0; next < connection_count || connecting;) {
        while (next < connection_count && connecting < options.window) {
            start_connection(next, first + next);
            next++;
        }
        if (look(100) > 0) given_up_at = now_s() + PATIENCE_S;
        if (now_s() > given_up_at) {
            fprintf(stderr, "client: %d connections did not open within %d s\n", connecting, PATIENCE_S);
            findings->failed += connecting;
            break;
        }
    }
    findings->connect_s = now_s() - began_at;
    findings->connect_cpu_s = cpu_s() - began_cpu;
}

static int outstanding(void) {
    int count = 0;
    for (int i = 0; i < connection_count; i++) count += connections[i].awaits;
    return count;
}

static void await_rest(void) {
    goes_on = 0;
    for (double until = now_s() + PATIENCE_S; outstanding() && now_s() < until;) look(10);
}

static void closed_loop(double began_at) {
    double until = options.seconds > 0 ? began_at + options.seconds : 1e18;
    goes_on = 1;
    for (int i = 0; i < connection_count; i++)
        if (connections[i].state == OPEN) send_message(i);
    while (now_s() < until) {
        if (options.messages && findings->round_trips >= findings->opened * options.messages) break;
        if (look(100) == 0 && findings->failed >= connection_count) break;
    }
}

/* Says goodbye, so that the server closes first, and the ports of our own are free at once for the next run. */
static void close_all(void) {
    static const uint8_t goodbye[] = {0x80 | CLOSE, 0x80 | 2, 0, 0, 0, 0, 1000 >> 8, 1000 & 255};
    leaving = 0;
    for (int i = 0; i < connection_count; i++) {
        if (connections[i].state != OPEN) continue;
        connections[i].state = LEAVING;
        leaving++;
        if (channel_write(connections[i].tls, connections[i].fd, goodbye, sizeof goodbye) < 0) leave(i);
        if (leaving >= options.window) look(0);
    }
    for (double until = now_s() + PATIENCE_S; leaving && now_s() < until;) look(100);
}

/* Message k of connection i is due at k T + i T / C: the next one due is always that of the next connection. */
static void paced(double began_at) {
    double step_s = options.every_s / connection_count, until = began_at + options.seconds;
    for (long number = 0;;) {
        double now = now_s(), due_at = began_at + (double)number * step_s;
        while (due_at <= now && due_at < until) {
            int index = (int)(number % connection_count);
            if (connections[index].state == OPEN && !connections[index].awaits) send_message(index);
            else findings->skipped++;
            due_at = began_at + (double)++number * step_s;
        }
        if (now >= until) break;
        double wait_ms = ((due_at < until ? due_at : until) - now) * 1e3;
        look(wait_ms < 1 ? 1 : (int)wait_ms + 1); /* epoll counts whole milliseconds; a generator needs no finer ones */
    }
}

static void work(int worker) {
    int first = (int)((long)options.connections * worker / options.workers);
    findings = &shared->of[worker];
    connection_count = (int)((long)options.connections * (worker + 1) / options.workers) - first;
    connections = calloc((size_t)connection_count + 1, sizeof *connections);
    if (options.tls) tls_prepare_client();
    if (options.deflate) deflate_prepare();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    random_state += (uint64_t)worker * 0x632BE59BD9B4E019;
    open_all(first);
    atomic_fetch_add(&shared->ready, 1);
    while (atomic_load(&shared->ready) < options.workers) usleep(1000);
    double began_at = now_s(), began_cpu = cpu_s();
    findings->began_at = (double)time(NULL);
    if (options.every_s > 0) paced(began_at);
    else if (options.messages || options.seconds > 0) closed_loop(began_at);
    await_rest();
    findings->seconds = now_s() - began_at;
    findings->cpu_s = cpu_s() - began_cpu;
    close_all();
}

static void report(const struct rusage *usage, long rss_kb) {
    Findings sum = {.began_at = shared->of[0].began_at};
    FILE *out = options.report ? fopen(options.report, "w") : stdout;
    if (!out) fail(options.report);
    for (int i = 0; i < options.workers; i++) {
        const Findings *one = &shared->of[i];
        sum.opened += one->opened;
        sum.failed += one->failed;
        sum.sent += one->sent;
        sum.round_trips += one->round_trips;
        sum.skipped += one->skipped;
        sum.cpu_s += one->cpu_s;
        sum.connect_cpu_s += one->connect_cpu_s;
        if (one->seconds > sum.seconds) sum.seconds = one->seconds;
        if (one->connect_s > sum.connect_s) sum.connect_s = one->connect_s;
    }
    fprintf(out,
           "{\"opened\":%ld,\"failed\":%ld,\"sent\":%ld,\"round_trips\":%ld,\"skipped\":%ld,\"seconds\":%.6f,"
           "\"cpu_s\":%.6f,\"connect_s\":%.6f,\"connect_cpu_s\":%.6f,\"began_at\":%.0f,"
           "\"whole_cpu_s\":%.6f,\"rss_kb\":%ld}\n",
           sum.opened, sum.failed, sum.sent, sum.round_trips, sum.skipped, sum.seconds, sum.cpu_s, sum.connect_s,
           sum.connect_cpu_s, sum.began_at,
           (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
               (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6,
           rss_kb);
    fclose(out);
}

int main(int count, char **arguments) {
    struct rlimit limit;
    struct rusage usage;
    long rss_kb = 0;
    int lost = 0, status;
    pid_t workers[WORKERS_LIMIT];
    options = read_options(count, arguments);
    text_length = strlen(options.text);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) fail("mmap");
    for (int i = 0; i < options.workers; i++) {
        workers[i] = fork();
        if (workers[i] < 0) fail("fork");
        if (workers[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            work(i);
            exit(0);
        }
    }
    for (int i = 0; i < options.workers; i++) {
        wait4(-1, &status, 0, &usage);
        rss_kb += usage.ru_maxrss;
        if (!status) continue;
        lost = 1; /* the others would wait for it for ever */
        for (int j = 0; j < options.workers; j++) kill(workers[j], SIGKILL);
    }
    getrusage(RUSAGE_CHILDREN, &usage);
    report(&usage, rss_kb);
    return lost || shared->of[0].failed ? 1 : 0;
}
