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
#include <linux/filter.h>
#include <netinet/in.h>
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
#include "session.h"

enum {
    EVENTS = 1024,
    ACCEPTS = 64, /* in a turn, so that those who are there are not kept waiting by those who come */
    WORKERS_LIMIT = 256,
};

typedef struct {
    const char *host;
    int port, workers, echo, deflate, by_source;
    const char *counters, *certificate, *key;
} Options;

static Options options = {.host = "127.0.0.1", .port = 8000, .workers = 1};
static Counters *all_counters; /* of all workers, shared */
static size_t files_limit;
static int epoll_fd, listener_fd, listening;

static void fail(const char *what) {
    fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Left in the epoll, a listener that cannot accept would be reported for ever. */
static void listen_on(int wanted) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener_fd};
    if (wanted != listening) epoll_ctl(epoll_fd, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener_fd, &event);
    listening = wanted;
}

static void admit(void) {
    for (int i = 0; i < ACCEPTS; i++) {
        int fd = accept4(listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            session_begin(fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE) {
            fprintf(stderr, "server: a worker has no file descriptor left: more --workers are needed\n");
            listen_on(0);
        }
        return;
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

/* Connections that come from addresses side by side go to workers side by side: those of one address to the same one,
   as load balancers are often told to do it. */
static void choose_by_source(void) {
    struct sock_filter code[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)SKF_NET_OFF + 12}, /* the source address in the IPv4 header */
        {BPF_ALU | BPF_MOD | BPF_K, 0, 0, (uint32_t)options.workers},
        {BPF_RET | BPF_A, 0, 0, 0},
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (setsockopt(listener_fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) < 0)
        fail("SO_ATTACH_REUSEPORT_CBPF");
}

static void work(int index, int ready_fd) {
    struct epoll_event events[EVENTS];
    if (options.certificate) tls_prepare_server(options.certificate, options.key);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    Settings settings = {
        .all = all_counters, .worker = index, .workers = options.workers, .echo = options.echo,
        .deflate = options.deflate, .epoll_fd = epoll_fd, .limit = files_limit,
    };
    if (!sessions_prepare(&settings)) fail("memory");
    listener_fd = bound_socket(options.port);
    if (listen(listener_fd, 65535) < 0) fail("listen");
    if (options.by_source) choose_by_source(); /* for all that listen to the port, so not before */
    listen_on(1);
    if (write(ready_fd, "+", 1) != 1) exit(1);
    close(ready_fd);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        int arrivals = 0;
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            /* Those who come are last: a file descriptor that was just closed must not become a new one's here. */
            if (fd == listener_fd) arrivals = 1;
            else if (!session_ready(fd, events[i].events)) listen_on(1);
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
        {"by-source", no_argument, NULL, 's'},
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
        case 's': options.by_source = 1; break;
        default:
            fprintf(stderr, "usage: server [--host A.B.C.D] [--port N] [--workers N] [--echo] [--counters FILE]\n"
                            "              [--cert FILE --key FILE] [--deflate] [--by-source]\n");
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
    files_limit = limit.rlim_cur > 1 << 20 ? 1 << 20 : (size_t)limit.rlim_cur;
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
